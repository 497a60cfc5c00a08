-- That a ticket's queue is of its tenant is left to the application.
-- breaks: TEN-004, INT-004
alter table virtualq.Ticket drop constraint ticket_queue_fkey;
