-- Wrong databases: each statement breaks one rule of a good one.

-- name: disable_enforcement
alter table virtualq.Ticket disable trigger zz_ticket_transition

-- name: enforce_named_columns_only
-- The usual slip: a trigger that another trigger passes by.
create or replace trigger zz_ticket_transition
    before update of current_state, transition_name, transition_operation_id on virtualq.Ticket
    for each row
    when (old.current_state is distinct from new.current_state or new.transition_name is not null)
    execute function virtualq.enforce_transition()

-- name: allow_any_start
create or replace function virtualq.start_anywhere() returns trigger
language plpgsql
as $$
begin
    new.type_scope := (select t.scope from virtualq.TypeDefinition as t where t.id = new.type_definition_id);
    return new;
end
$$;
drop trigger zz_ticket_starts on virtualq.Ticket;
create trigger zz_ticket_starts before insert on virtualq.Ticket
    for each row execute function virtualq.start_anywhere();
alter table virtualq.Ticket alter column current_state set default 'received'

-- name: drop_immutability
drop trigger ticketstatehistory_is_append_only on virtualq.TicketStateHistory

-- name: allow_truncation
drop trigger ticketstatehistory_is_not_truncated on virtualq.TicketStateHistory

-- name: grant_deletion
grant delete on virtualq.TicketStateHistory to virtualq_app

-- name: cascade_into_history
alter table virtualq.TicketStateHistory
    drop constraint ticketstatehistory_ticket_fkey,
    add constraint ticketstatehistory_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete cascade deferrable initially deferred;
drop trigger ticketstatehistory_is_append_only on virtualq.TicketStateHistory

-- name: do_not_force_row_security
alter table virtualq.TicketItem no force row level security

-- name: disable_row_security
alter table virtualq.Customer disable row level security

-- name: check_nothing_on_write
alter policy own_tenant on virtualq.Customer with check (true)

-- name: fail_open_without_a_tenant
alter policy own_tenant on virtualq.Employee using (
    current_setting('virtualq.tenant_id', true) is null
    or tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer
)

-- name: refer_by_one_column
alter table virtualq.Customer add constraint customer_uid_key unique (uid);
alter table virtualq.Ticket
    drop constraint ticket_customer_fkey,
    add constraint ticket_customer_fkey foreign key (customer_id) references virtualq.Customer (uid) on delete set null

-- name: keep_the_tenant_for_the_session
create or replace function virtualq.enter_tenant(tenant_id integer) returns void
language sql
as $$ select set_config('virtualq.tenant_id', tenant_id::text, false) $$

-- name: unpin_search_path
alter function virtualq.enforce_transition() reset search_path

-- name: take_any_machine
create or replace function virtualq.refuse_machine(path text, rule text) returns void
language sql immutable
as ''

-- name: strand_tickets
drop trigger typedefinition_records_revision on virtualq.TypeDefinition

-- name: forget_the_wildcard
create or replace function virtualq.forget_the_wildcard() returns trigger
language plpgsql
as $$
begin
    new.fsm_schema := jsonb_set(new.fsm_schema, '{transitions}', (
        select coalesce(jsonb_agg(t), '[]')
          from jsonb_array_elements(coalesce(new.fsm_schema -> 'transitions', '[]')) as t
         where t -> 'from' <> '"*"'
    ));
    return new;
end
$$;
create trigger forget_the_wildcard before insert on virtualq.TypeDefinition
    for each row execute function virtualq.forget_the_wildcard()

-- name: look_elsewhere
alter table virtualq.TypeDefinition drop constraint typedefinition_fields_stay_local

-- name: draw_random_extids
create or replace function virtualq.new_extid() returns uuid language sql volatile return gen_random_uuid()

-- name: claim_without_lock
-- Rivals that read before they lock take the same ticket.
create or replace function virtualq.claim_next_ticket(
    tenant_id integer, queue_id integer, state text, employee_id integer, lease interval default '5 minutes',
    transition text default null, actor text default null, at timestamptz default now(),
    out ticket_id bigint, out extid uuid, out current_state text, out leased_until timestamptz
)
language plpgsql
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    select t.id into ticket_id
      from virtualq.Ticket as t
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.queue_id = claim_next_ticket.queue_id
       and t.current_state = state
       and t.closed_at is null
       and (t.leased_until is null or t.leased_until <= at)
     order by t.created_at, t.id
     limit 1;
    update virtualq.Ticket as t
       set employee_id = claim_next_ticket.employee_id,
           leased_until = at + lease,
           transition_name = transition,
           transition_actor = case when transition is not null then actor end
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.id = claim_next_ticket.ticket_id
    returning t.id, t.extid, t.current_state, t.leased_until
         into ticket_id, extid, current_state, leased_until;
end
$$

-- name: add_neighbour
-- A tenant of somebody else's, with a ticket.
with account as (
    insert into virtualq.Account (name) values ('Somebody else') returning id
), tenant as (
    insert into virtualq.Tenant (account_id, name) select id, 'Elsewhere' from account returning id
)
insert into virtualq.Queue (tenant_id, name) select id, 'counter' from tenant returning tenant_id, id as queue_id

-- name: add_neighbours_ticket
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id)
select %(tenant_id)s, %(queue_id)s, t.id from virtualq.TypeDefinition as t where t.scope = 0 and t.type_code = 'order'

-- name: add_leftover
-- What a killed run leaves: the suite's account, and nobody who holds it.
with account as (
    insert into virtualq.Account (name) values ('VirtualQ conformance suite') returning id
)
insert into virtualq.Tenant (account_id, name) select id, 'Left over' from account

-- name: read_everything
-- What there is, row by row.
select (select array_agg(a.name order by a.id) from virtualq.Account as a) as accounts,
       (select array_agg(t.name order by t.id) from virtualq.Tenant as t) as tenants,
       (select array_agg((q.tenant_id, q.id, q.name) order by q.id)::text from virtualq.Queue as q) as queues,
       (select array_agg((y.scope, y.id, y.revision, y.fsm_schema) order by y.id)::text from virtualq.TypeDefinition as y)
           as types,
       (select array_agg(t order by t.id)::text from virtualq.Ticket as t) as tickets,
       (select array_agg(h order by h.id)::text from virtualq.TicketStateHistory as h) as history

-- name: list_disabled_triggers
select g.tgname from pg_trigger as g where g.tgenabled <> 'O' and not g.tgisinternal order by g.tgname
