-- name: claim_login
-- Held by the session for as long as the login is in use; the server lets go of it when the session ends, however.
select pg_advisory_lock(%(key)s, hashtext(%(name)s))

-- name: find_logins
-- Logins of runs that are gone: named by the harness, claimed by no session, in use by none.
select r.rolname
  from pg_catalog.pg_roles as r
 where r.rolname ~ '^vq_login_[0-9a-f]{12}$'
   and not exists (
           select
             from pg_catalog.pg_locks as l
            where l.locktype = 'advisory'
              and l.classid = %(key)s::integer::oid
              and l.objid = hashtext(r.rolname)::oid
       )
   and not exists (
           select
             from pg_catalog.pg_stat_activity as a
            where a.usename = r.rolname
       )
 order by r.rolname

-- name: create_login
create role {name} login inherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls
    password {verifier}
    valid until {until}

-- name: join_role
grant {role} to {name}

-- name: drop_login
drop role if exists {name}
