-- name: read_connections
select current_setting('max_connections')::integer
           - current_setting('superuser_reserved_connections')::integer
           - count(*)::integer
  from pg_stat_activity
 where backend_type = 'client backend'

-- name: count_backends
select count(*)
  from pg_stat_activity
 where application_name = %(application_name)s
