-- The first columns of an index that is there already: whatever it answers, that one answers too.
-- known answer: reject
create index ticket_queue_state on virtualq.Ticket (queue_id, current_state);
