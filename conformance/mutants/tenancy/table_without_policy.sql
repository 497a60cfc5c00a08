-- A table that came later has a tenant, and no row security.
-- breaks: TEN-005
create table virtualq.TicketComment (
    id         bigint generated always as identity,
    extid      uuid not null default virtualq.new_extid(),
    tenant_id  integer not null,
    ticket_id  bigint not null,
    body       text not null,
    constraint ticketcomment_pkey primary key (tenant_id, ticket_id, id),
    constraint ticketcomment_extid_key unique (extid),
    constraint ticketcomment_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete cascade
);
grant select, insert on virtualq.TicketComment to virtualq_app;
