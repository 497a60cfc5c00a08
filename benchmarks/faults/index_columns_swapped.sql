-- The board's index has its columns in another order, under the same name.
-- caught by: queue_monitoring must_be_served_by
-- named as: wrong-column-order

-- name: plant
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (created_at desc, current_state, queue_id);
