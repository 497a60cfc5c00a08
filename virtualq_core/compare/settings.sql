-- name: set_for_database
alter database {database} set {name} = {value};
