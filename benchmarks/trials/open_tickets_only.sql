-- The queue's index for open tickets only, in place of the document's. The queries name states and not that a ticket is
-- open, so the planner cannot use it for them.
-- known answer: reject
drop index virtualq.idx_ticket_queue_state_created;
create index ticket_open_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
    where closed_at is null;
