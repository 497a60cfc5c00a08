-- name: end_clients
-- Of this test's own database alone.
select count(pg_terminate_backend(a.pid))
  from pg_stat_activity as a
 where a.datname = current_database()
   and a.application_name like 'virtualq storm %%'

-- name: count_history
select count(*)
  from virtualq.TicketStateHistory as h
 where h.tenant_id = %(tenant_id)s
