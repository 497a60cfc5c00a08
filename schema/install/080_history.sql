-- The audit trail. `operation_id` is the row's external identifier: the caller chooses it to make a retry harmless,
-- else it is drawn. It is unique within its tenant only: what a caller chooses must not tell it, by a refusal, what
-- another tenant has chosen, nor count as a violation there. `transition_name` is null only where the caller named none and several edges lead to the state,
-- or where a publication moved the ticket.
create table virtualq.TicketStateHistory (
    id               bigint generated always as identity,
    tenant_id        integer not null,
    ticket_id        bigint not null,
    seq              integer not null,
    revision         integer not null,
    from_state       varchar(32) not null,
    to_state         varchar(32) not null,
    transition_name  text,
    actor            text not null,
    metadata         jsonb,
    operation_id     uuid not null default virtualq.new_extid(),
    occurred_at      timestamptz not null default clock_timestamp(),
    constraint ticketstatehistory_pkey primary key (tenant_id, ticket_id, seq),
    constraint ticketstatehistory_operation_key unique (tenant_id, operation_id),
    -- Refuses to delete a ticket that has a history. Deferred, because a ticket's first history row is written by the
    -- trigger that fires before the ticket itself is.
    constraint ticketstatehistory_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete restrict
        deferrable initially deferred,
    constraint ticketstatehistory_seq_is_positive check (seq >= 1)
);
