-- name: read_standing
-- Who a session is to the server, and whether row security binds it; asked of what the application's tables are like.
select current_user::text as role,
       session_user::text as login,
       r.rolsuper or r.rolbypassrls as is_unbound,
       pg_has_role(current_user, %(application)s, 'usage') as is_application,
       pg_has_role(current_user, %(maintainer)s, 'usage') as is_maintainer,
       pg_has_role(current_user, c.relowner, 'usage') as is_owner,
       row_security_active(c.oid) as is_secured
  from pg_catalog.pg_roles as r
 cross join pg_catalog.pg_class as c
 where r.rolname = current_user
   and c.oid = 'virtualq.ticket'::regclass

-- name: look_around
-- What a borrower finds before it has said anything: the server's process, a tenant that is set, rows that are seen.
select pg_backend_pid() as pid,
       nullif(current_setting('virtualq.tenant_id', true), '') as tenant_id,
       (select count(*)::integer from (select from virtualq.Ticket limit 1) as seen) as tickets

-- name: ask_one
select 1::integer

-- name: ask_two
-- Another statement with the same number of prepared ones before it, hence of the same name in psycopg.
select 2::integer
