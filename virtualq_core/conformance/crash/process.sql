-- name: list_clients
-- Everybody in this database but the one who asks.
select a.pid
  from pg_stat_activity as a
 where a.datname = current_database()
   and a.backend_type = 'client backend'
   and a.pid <> pg_backend_pid()

-- name: end_session
select pg_terminate_backend(%(pid)s)

-- name: list_holders
-- Who holds a lock that somebody waits for, and waits for none itself.
select distinct holder.pid
  from pg_stat_activity as waiting
 cross join unnest(pg_blocking_pids(waiting.pid)) as b (pid)
  join pg_stat_activity as holder on holder.pid = b.pid
 where waiting.datname = current_database()
   and waiting.wait_event_type = 'Lock'
   and holder.backend_type = 'client backend'
   and holder.wait_event_type is distinct from 'Lock'

-- name: list_rivals
select a.pid
  from pg_stat_activity as a
 where a.datname = current_database()
   and %(holder)s = any (pg_blocking_pids(a.pid))
