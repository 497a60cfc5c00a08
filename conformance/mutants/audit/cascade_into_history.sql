-- Deleting a ticket deletes its history with it.
-- breaks: HIS-008
alter table virtualq.TicketStateHistory
    drop constraint ticketstatehistory_ticket_fkey,
    add constraint ticketstatehistory_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete cascade deferrable initially deferred;
drop trigger ticketstatehistory_is_append_only on virtualq.TicketStateHistory;
