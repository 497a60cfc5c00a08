-- The tenant in an item's key may be null, and a reference with a null in it is not checked.
-- breaks: TEN-004, TEN-005
alter table virtualq.TicketItem
    drop constraint ticketitem_pkey,
    add constraint ticketitem_pkey primary key (id);
alter table virtualq.TicketItem alter column tenant_id drop not null;
create index ticketitem_ticket_idx on virtualq.TicketItem (tenant_id, ticket_id);
