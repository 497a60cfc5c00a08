-- name: hold_back_log
-- Nothing but a commit that waits for it shall bring the log to disk: whoever acknowledges without waiting is found out.
alter system set wal_writer_delay = '10s'

-- name: hold_back_large_log
alter system set wal_writer_flush_after = '1GB'

-- name: hold_back_autovacuum
alter system set autovacuum = off

-- name: hold_back_checkpoints
alter system set checkpoint_timeout = '1h'

-- name: can_flush_at_once
select 'syncfs' = any (s.enumvals)
  from pg_settings as s
 where s.name = 'recovery_init_sync_method'

-- name: flush_at_once
-- A recovery begins by flushing everything; in one call, where the system has one, instead of file by file.
alter system set recovery_init_sync_method = 'syncfs'

-- name: reload_settings
select pg_reload_conf()
