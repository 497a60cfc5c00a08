-- An item that names no tenant has none, and is refused.
-- breaks: TEN-009
drop trigger ticketitem_takes_tenant on virtualq.TicketItem;
