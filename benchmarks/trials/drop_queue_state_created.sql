-- The document's index for queue monitoring, dropped: the queue's list reads the queue's whole past.
-- known answer: reject
drop index virtualq.idx_ticket_queue_state_created;
