-- A customer's deletion would delete the customer's tickets, and is refused on account of their history.
-- breaks: INT-003
alter table virtualq.Ticket
    drop constraint ticket_customer_fkey,
    add constraint ticket_customer_fkey foreign key (tenant_id, customer_id)
        references virtualq.Customer (tenant_id, uid) on delete cascade;
