-- The hot table. `version` counts the ticket's transitions and is the `seq` of its last history row.
--
-- The transition_* columns are a request to the enforcement trigger and are null at rest: whoever changes the state,
-- by whatever SQL, may say in the same UPDATE which transition it takes, who asked, and why.
create table virtualq.Ticket (
    id                       bigint generated always as identity,
    extid                    uuid not null default virtualq.new_extid(),
    tenant_id                integer not null default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    queue_id                 integer not null,
    type_definition_id       integer not null,
    type_scope               integer not null,
    version                  integer not null default 1,
    customer_id              integer,
    employee_id              integer,
    estimated_wait_minutes   integer,
    ttl_minutes              integer,
    created_at               timestamptz not null default now(),
    closed_at                timestamptz,
    leased_until             timestamptz,
    current_state            varchar(32) not null,
    custom_data              jsonb,
    transition_name          text,
    transition_actor         text,
    transition_metadata      jsonb,
    transition_operation_id  uuid,
    constraint ticket_pkey primary key (tenant_id, id),
    constraint ticket_extid_key unique (extid),
    constraint ticket_queue_fkey foreign key (tenant_id, queue_id)
        references virtualq.Queue (tenant_id, id) on delete restrict,
    constraint ticket_type_fkey foreign key (type_scope, type_definition_id)
        references virtualq.TypeDefinition (scope, id) on delete restrict,
    constraint ticket_type_is_own_or_system check (type_scope in (0, tenant_id)),
    constraint ticket_customer_fkey foreign key (tenant_id, customer_id)
        references virtualq.Customer (tenant_id, uid) on delete set null (customer_id),
    constraint ticket_employee_fkey foreign key (tenant_id, employee_id)
        references virtualq.Employee (tenant_id, id) on delete set null (employee_id),
    constraint ticket_version_is_positive check (version >= 1),
    constraint ticket_ttl_is_positive check (ttl_minutes > 0),
    constraint ticket_wait_is_not_negative check (estimated_wait_minutes >= 0),
    constraint ticket_custom_data_is_object check (jsonb_typeof(custom_data) = 'object'),
    constraint ticket_request_is_consumed check (
        transition_name is null
        and transition_actor is null
        and transition_metadata is null
        and transition_operation_id is null
    )
);

-- A queue tells its tenant. Not knowing that, the planner takes the two conditions for independent, believes that hardly
-- any of a queue's tickets is the tenant's, and in a plan for any parameters reads all of the tenant's key to find who
-- is next.
create statistics virtualq.ticket_queue_tells_tenant (dependencies) on queue_id, tenant_id from virtualq.Ticket;

-- To the planner of a plan for any parameters each tenant may be the one that has nearly all tickets: some tenant has a
-- large part of them, and it is asked about most. Where tenants are many the average one is small, and reading all of its
-- key to narrow a queue's or an employee's tickets down then looks cheap; the plan would do that to the largest tenant
-- too, and read thousands of blocks instead of four to find who is next. The tenants that the statistics know, and keys
-- that find one row, are not touched by it.
alter table virtualq.Ticket alter column tenant_id set (n_distinct = 1);

-- The key starts with the ticket, so that it also finds a ticket's items.
create table virtualq.TicketItem (
    id          bigint generated always as identity,
    extid       uuid not null default virtualq.new_extid(),
    tenant_id   integer not null default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    ticket_id   bigint not null,
    name        varchar(100) not null,
    quantity    integer not null default 1,
    note        text,
    created_at  timestamptz not null default now(),
    constraint ticketitem_pkey primary key (tenant_id, ticket_id, id),
    constraint ticketitem_extid_key unique (extid),
    constraint ticketitem_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete cascade,
    constraint ticketitem_quantity_is_positive check (quantity > 0)
);
