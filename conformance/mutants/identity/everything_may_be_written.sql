-- The application is granted whole tables instead of columns.
-- breaks: IDN-006
grant insert, update on virtualq.Ticket, virtualq.TicketItem to virtualq_app;
