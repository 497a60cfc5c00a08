-- Nobody has analysed the tickets since they were restored.
-- caught by: queue_monitoring must_be_served_by
-- named as: missing-statistics
-- needs: superuser

-- name: plant
alter table virtualq.Ticket set (autovacuum_enabled = off);
delete from pg_statistic where starelid = 'virtualq.ticket'::regclass;
update pg_class set reltuples = -1 where oid = 'virtualq.ticket'::regclass;
