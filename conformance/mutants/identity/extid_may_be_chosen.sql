-- The application may choose external identifiers, and learns from a refusal that another tenant has one.
-- breaks: IDN-006
grant insert (extid) on virtualq.Ticket, virtualq.TicketItem to virtualq_app;
