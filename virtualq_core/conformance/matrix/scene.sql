-- name: mark_tenant
update virtualq.Tenant set name = %(mark)s

-- name: mark_queues
update virtualq.Queue set name = %(mark)s

-- name: mark_customers
update virtualq.Customer set name = %(mark)s

-- name: mark_employees
update virtualq.Employee set name = %(mark)s

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) values (%(ticket_id)s, %(mark)s) returning id

-- name: add_tenant
insert into virtualq.Tenant (account_id, name) values (%(account_id)s, 'Vacant') returning id

-- name: list_rows
select t.* from virtualq.{table} as t where {condition} order by {key}

-- name: digest_table
select {name}::text as relation, md5(string_agg(t::text, E'\n' order by t::text)) as digest
  from virtualq.{table} as t
 where {condition}

-- name: look_at
-- How many rows are shown, how many of them are somebody else's, how many tell what only somebody else's have, and all
-- of them as one figure.
select count(*) as rows,
       count(*) filter (where {is_foreign}) as foreign_rows,
       count(*) filter (where t::text ~ {secrets}) as telling_rows,
       md5(string_agg(t::text, E'\n' order by t::text)) as figure
  from (select {columns} from virtualq.{table}) as t

-- name: is_foreign
t.{owner} <> all ({owned_by})
