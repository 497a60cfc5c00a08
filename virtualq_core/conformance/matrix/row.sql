-- name: insert_row
insert into virtualq.{table} ({columns}) values ({values})

-- name: insert_nothing
insert into virtualq.{table} default values

-- name: update_row
update virtualq.{table} as t set {column} = {value} where {condition}

-- name: update_blindly
-- Without a condition, and without reading a column: only what the policies of writing show is in the way.
update virtualq.{table} set {column} = {value}

-- name: delete_row
delete from virtualq.{table} as t where {condition}

-- name: delete_blindly
delete from virtualq.{table}

-- name: lock_row
select {columns} from virtualq.{table} as t where {condition} for share

-- name: read_row
select {columns} from virtualq.{table} as t where {condition}

-- name: equals
t.{column} = {value}

-- name: equals_anything
true
