-- A ticket may have run out before it was created.
-- breaks: INT-006
alter table virtualq.Ticket drop constraint ticket_ttl_is_positive;
