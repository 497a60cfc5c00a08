-- The board's index holds the tickets of a part of the queues only, under the same name.
-- caught by: queue_monitoring must_be_served_by
-- named as: other-index

-- name: plant
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
 where queue_id % 2 = 0;
