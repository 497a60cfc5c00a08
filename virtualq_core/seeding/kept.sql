-- name: find_one
select d.datname
  from pg_catalog.pg_database as d
 where d.datname = %(name)s

-- name: list_kept
select d.datname as name,
       shobj_description(d.oid, 'pg_database') as comment,
       pg_database_size(d.oid) as size_bytes
  from pg_catalog.pg_database as d
 where d.datname ~ '^vq_kept_[0-9a-f]{16}$'
   and pg_has_role(d.datdba, 'usage')

-- name: read_size
select pg_database_size(%(name)s)

-- name: rename
alter database {name} rename to {new_name}

-- name: sign
comment on database {name} is {told}

-- name: drop
-- Without force: somebody may be copying it.
drop database if exists {name}
