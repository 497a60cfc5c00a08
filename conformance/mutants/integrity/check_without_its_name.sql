-- A rule's CHECK has a name that says nothing.
-- breaks: INT-006
alter table virtualq.TicketItem rename constraint ticketitem_quantity_is_positive to ticketitem_check1;
