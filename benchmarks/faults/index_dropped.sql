-- The board's index is gone.
-- caught by: queue_monitoring must_be_served_by
-- named as: missing-index

-- name: plant
drop index virtualq.idx_ticket_queue_state_created;
