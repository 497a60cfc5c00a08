-- TicketStateHistory by the month in which a step occurred, so that old months are detached as a whole instead of being
-- deleted row by row. The table has just been made and is empty; it is made anew from its own definition in the
-- catalogue, so that no column is written here a second time.
--
-- PostgreSQL keeps a key unique across partitions only with the column that they are made by. That an operation counts
-- once, that a ticket's steps are numbered once, and that a ticket with a history is not deleted are therefore kept by a
-- narrow table that is not partitioned: each step has a row there, written by a trigger. It also tells in which month a
-- step is to be found, so that a look-up reads one partition, and it outlives the months that are detached: what was
-- done is not done again.

-- In a schema of its own meanwhile, so that the new table and its sequence get the names of the old one.
create schema virtualq_whole;
alter table virtualq.TicketStateHistory set schema virtualq_whole;
create table virtualq.TicketStateHistory (
    like virtualq_whole.TicketStateHistory including all excluding indexes,
    constraint ticketstatehistory_pkey primary key (tenant_id, ticket_id, seq, occurred_at)
) partition by range (occurred_at);
drop table virtualq_whole.TicketStateHistory;
drop schema virtualq_whole;

create table virtualq.TicketStateHistoryKey (
    tenant_id     integer not null,
    ticket_id     bigint not null,
    seq           integer not null,
    operation_id  uuid not null,
    occurred_at   timestamptz not null,
    constraint ticketstatehistorykey_pkey primary key (tenant_id, ticket_id, seq),
    constraint ticketstatehistory_operation_key unique (tenant_id, operation_id),
    constraint ticketstatehistory_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete restrict
        deferrable initially deferred
);

-- Which months are detached, and how far they led each ticket.
create table virtualq.DetachedMonth (
    month        timestamptz not null,
    table_name   name not null,
    steps        bigint not null,
    detached_at  timestamptz not null default now(),
    constraint detachedmonth_pkey primary key (month)
);
create table virtualq.DetachedStep (
    tenant_id  integer not null,
    ticket_id  bigint not null,
    seq        integer not null,
    to_state   varchar(32) not null,
    month      timestamptz not null,
    constraint detachedstep_pkey primary key (tenant_id, ticket_id, seq),
    constraint detachedstep_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete cascade
);
create index detachedstep_month_idx on virtualq.DetachedStep (month);
