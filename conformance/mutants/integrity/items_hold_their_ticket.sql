-- A ticket with items is not deleted, not even by the purge.
-- breaks: INT-002, HIS-009
alter table virtualq.TicketItem
    drop constraint ticketitem_ticket_fkey,
    add constraint ticketitem_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete restrict;
