-- The board's index yields the oldest tickets first, under the same name.
-- caught by: queue_monitoring must_be_served_by
-- named as: wrong-sort-direction

-- name: plant
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at);
