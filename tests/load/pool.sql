-- name: who_am_i
select current_user::text, pg_backend_pid()

-- name: end_backend
select pg_terminate_backend(%(pid)s)

-- name: count_logins
select count(*)::integer
  from pg_roles
 where rolname like 'vq\_login\_%'

-- name: unbind_login
alter role {name} bypassrls

-- name: expel_login
revoke virtualq_app from {name}
