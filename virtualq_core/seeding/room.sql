-- name: read_log_limit
select pg_size_bytes(current_setting('max_wal_size'))
