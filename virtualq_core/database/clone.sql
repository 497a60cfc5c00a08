-- name: read_rights
-- What the connecting role may make here. A database made on the coordinator of a cluster is not on its other nodes.
select (r.rolcreatedb or r.rolsuper) and to_regproc('pg_catalog.create_distributed_table') is null
           as may_create_database,
       to_regproc('pg_catalog.create_distributed_table') is not null as is_coordinator,
       r.rolcreaterole or r.rolsuper as may_create_role,
       r.rolsuper as is_superuser
  from pg_catalog.pg_roles as r
 where r.rolname = current_user

-- name: claim_name
-- Held by the session for as long as the database is in use; the server lets go of it when the session ends, however.
select pg_advisory_lock(%(key)s, hashtext(%(name)s))

-- name: find_database
select d.datname
  from pg_catalog.pg_database as d
 where d.datname = %(name)s

-- name: create_database
create database {name} template {template} strategy {strategy}

-- name: create_plain_database
-- From template0, since template1 may hold what somebody put there.
create database {name} template template0 encoding 'UTF8'

-- name: sign_database
comment on database {name} is {comment}

-- name: drop_database
drop database if exists {name} with (force)

-- name: drop_leftover
-- Without force: whoever is connected to it is using it.
drop database if exists {name}

-- name: find_leftovers
-- Databases of runs that are gone: named by the harness, owned by this role, claimed by no session, in use by none.
select d.datname as name,
       shobj_description(d.oid, 'pg_database') as comment
  from pg_catalog.pg_database as d
 where d.datname ~ '^[a-z][a-z0-9_]*_run_[0-9a-f]{12}$'
   and d.datallowconn
   and pg_has_role(d.datdba, 'usage')
   and not exists (
           select
             from pg_catalog.pg_locks as l
            where l.locktype = 'advisory'
              and l.classid = %(key)s::integer::oid
              and l.objid = hashtext(d.datname)::oid
       )
   and not exists (
           select
             from pg_catalog.pg_stat_activity as a
            where a.datid = d.oid
              and a.backend_type = 'client backend'
       )
 order by d.datname

-- name: read_size
select pg_database_size(%(name)s) as size_bytes

-- name: find_sessions
-- Who keeps a template from being copied.
select format('%%s (%%s, pid %%s)', coalesce(nullif(a.application_name, ''), a.backend_type), a.usename, a.pid) as session
  from pg_catalog.pg_stat_activity as a
 where a.datname = %(name)s
 order by a.pid
 limit 3
