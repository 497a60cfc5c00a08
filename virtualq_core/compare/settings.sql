-- name: set_for_database
alter database {database} set {name} = {value};

-- name: try_setting
select set_config(%(name)s, %(value)s, false);
