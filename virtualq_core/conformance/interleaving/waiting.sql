-- name: find_blockers
select w.pid, pg_blocking_pids(w.pid)
  from unnest(%(pids)s::integer[]) as w (pid)

-- name: cancel
select pg_cancel_backend(w.pid)
  from unnest(%(pids)s::integer[]) as w (pid)
