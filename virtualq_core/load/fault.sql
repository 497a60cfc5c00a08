-- name: lock_tickets
-- Nobody reads or writes a ticket until the transaction ends.
lock table virtualq.Ticket in access exclusive mode

-- name: take_snapshot
-- Whatever becomes superfluous from here on stays until the transaction ends.
select count(*) from pg_class

-- name: end_clients
select a.pid, pg_terminate_backend(a.pid)
  from pg_stat_activity as a
 where a.application_name = %(application_name)s
   and a.datname = current_database()

-- name: count_backends
select count(*)
  from pg_stat_activity as a
 where a.pid = any (%(pids)s)

-- name: list_sessions
-- Everybody else in the database, and whether they are the load's clients.
select a.pid, a.application_name = %(application_name)s
  from pg_stat_activity as a
 where a.datname = current_database()
   and a.pid <> pg_backend_pid()
