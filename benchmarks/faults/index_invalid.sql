-- The board's index is invalid, as a failed CREATE INDEX CONCURRENTLY leaves it.
-- caught by: queue_monitoring must_be_served_by
-- named as: invalid-index
-- needs: superuser

-- name: plant
update pg_index set indisvalid = false where indexrelid = 'virtualq.idx_ticket_queue_state_created'::regclass;
