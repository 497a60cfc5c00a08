-- A ticket refers to its customer by the customer's key alone, which may be another tenant's.
-- breaks: TEN-004
alter table virtualq.Customer add constraint customer_uid_key unique (uid);
alter table virtualq.Ticket
    drop constraint ticket_customer_fkey,
    add constraint ticket_customer_fkey foreign key (customer_id) references virtualq.Customer (uid) on delete set null;
