-- name: name_coordinator
select citus_set_coordinator_host(%(host)s, %(port)s)

-- name: add_worker
select citus_add_node(%(host)s, %(port)s)

-- name: explain
explain (analyze, verbose, buffers, settings, format json)
