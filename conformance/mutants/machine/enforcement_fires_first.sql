-- The enforcing trigger fires before others, which may change the state behind it.
-- breaks: TRN-013
alter trigger zz_ticket_transition on virtualq.Ticket rename to aa_ticket_transition;
