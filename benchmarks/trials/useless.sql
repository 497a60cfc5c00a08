-- An index that no query asks for.
-- known answer: reject
create index ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);
