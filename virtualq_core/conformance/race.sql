-- name: is_blocked
select cardinality(pg_blocking_pids(%(pid)s)) > 0 as is_blocked
