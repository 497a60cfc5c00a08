-- A request that no transition has consumed stays in the ticket.
-- breaks: TRN-003
alter table virtualq.Ticket drop constraint ticket_request_is_consumed;
