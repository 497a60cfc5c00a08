-- name: read_backends
-- Everybody else on the server; whether they are the load's clients; what they do or wait for.
select a.pid,
       a.application_name = %(application_name)s and a.datname = current_database(),
       a.state,
       a.wait_event_type,
       a.wait_event
  from pg_stat_activity as a
 where a.pid <> pg_backend_pid()

-- name: read_counters
-- Locks that are waited for, what became of tickets and of their history, in partitions as well, and of transactions.
with whole as (
    select coalesce(pg_partition_root(s.relid), s.relid) as relid, s.n_tup_upd, s.n_tup_hot_upd, s.n_dead_tup
      from pg_stat_user_tables as s
     where s.schemaname = 'virtualq'
)
select (select count(*) from pg_locks as l where not l.granted),
       t.updates,
       t.hot_updates,
       t.dead,
       d.xact_commit,
       d.xact_rollback,
       d.deadlocks,
       d.blks_hit + d.blks_read
  from (
    select sum(w.n_tup_upd) filter (where w.relid = 'virtualq.ticket'::regclass)::bigint as updates,
           sum(w.n_tup_hot_upd) filter (where w.relid = 'virtualq.ticket'::regclass)::bigint as hot_updates,
           sum(w.n_dead_tup)::bigint as dead
      from whole as w
     where w.relid in ('virtualq.ticket'::regclass, 'virtualq.ticketstatehistory'::regclass)
  ) as t
  join pg_stat_database as d on d.datname = current_database()

-- name: read_snapshots
-- The oldest snapshot that keeps dead rows of this database from being removed: its age in transactions and in seconds.
select coalesce(max(age(a.backend_xmin)), 0),
       coalesce(max(extract(epoch from clock_timestamp() - a.xact_start)), 0)::double precision
  from pg_stat_activity as a
 where a.datname = current_database()
   and a.backend_xmin is not null
   and a.pid <> pg_backend_pid()

-- name: read_wal
-- How far the log has been written, in bytes since its begin.
select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint

-- name: read_checkpoints
select c.num_timed + c.num_requested
  from pg_stat_checkpointer as c

-- name: read_checkpoints_before_17
select b.checkpoints_timed + b.checkpoints_req
  from pg_stat_bgwriter as b

-- name: add_statistics
-- On a server of ours, in its maintenance database, where it tells of the statements of all of them.
create extension if not exists pg_stat_statements

-- name: find_statistics
-- The schema of the extension, where it is in this database and counts.
select n.nspname
  from pg_extension as x
  join pg_namespace as n on n.oid = x.extnamespace
 where x.extname = 'pg_stat_statements'
   and current_setting('pg_stat_statements.track', true) is not null

-- name: read_statements
-- What the load's statements have cost so far; not the questions of whoever watches.
select s.userid::bigint,
       s.queryid,
       left(regexp_replace(s.query, '\s+', ' ', 'g'), 400),
       s.calls,
       s.total_exec_time,
       s.wal_bytes::bigint,
       s.shared_blks_hit + s.shared_blks_read
  from {schema}.pg_stat_statements as s
  join pg_database as d on d.oid = s.dbid
 where d.datname = %(database)s
   and s.toplevel
   and s.queryid is not null
   and s.query !~ 'pg_(stat|locks|database|extension|current_wal)'
