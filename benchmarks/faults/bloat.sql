-- Most of the table is dead rows that nothing has cleared away.
-- caught by: queue_monitoring max_bloat_share
-- named as: bloat

-- name: plant
alter table virtualq.Ticket set (autovacuum_enabled = off);
update virtualq.Ticket set estimated_wait_minutes = coalesce(estimated_wait_minutes, 0) + 1;
update virtualq.Ticket set estimated_wait_minutes = coalesce(estimated_wait_minutes, 0) + 1;
