-- The tenant carried by the queue's index: the figures above the board are counted without the table.
-- known answer: accept
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
    include (tenant_id);
