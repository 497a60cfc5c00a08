-- name: add_account
insert into virtualq.Account (name)
values ('Load tests')
returning id

-- name: add_tenants
insert into virtualq.Tenant (account_id, name)
select %(account_id)s, format('tenant %%s', n)
  from generate_series(1, %(tenants)s) as n

-- name: add_queues
insert into virtualq.Queue (tenant_id, name)
select t.id, format('queue %s', n)
  from virtualq.Tenant as t
 cross join generate_series(1, 2) as n

-- name: add_employees
insert into virtualq.Employee (tenant_id, name)
select t.id, format('employee %s', n)
  from virtualq.Tenant as t
 cross join generate_series(1, 3) as n

-- name: add_tickets
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, custom_data)
select q.tenant_id, q.id, y.id, case y.type_code when 'order' then '{"channel": "web"}'::jsonb end
  from virtualq.Queue as q
 cross join virtualq.TypeDefinition as y
 cross join generate_series(1, %(each)s)

-- name: count_history
select count(*)::integer
  from virtualq.TicketStateHistory

-- name: count_clients
select count(*)::integer
  from pg_stat_activity
 where application_name like 'virtualq load %'
   and datname = current_database()

-- name: make_losing_trigger
-- One step in fifty is swallowed.
create function virtualq.lose_some() returns trigger
language plpgsql
as $$
begin
    return case when new.seq > 1 and new.id % 50 = 0 then null else new end;
end
$$

-- name: lose_history
create trigger aa_lose_some
    before insert on virtualq.TicketStateHistory
    for each row execute function virtualq.lose_some()

-- name: make_counter
-- It begins half way, so that a slow machine gets to the first loss as well.
create sequence virtualq.kept start with 5000

-- name: let_anybody_count
grant usage on sequence virtualq.kept to public

-- name: make_rarely_losing_trigger
-- One step in ten thousand is swallowed, and nobody is told.
create function virtualq.lose_one() returns trigger
language plpgsql
as $$
begin
    return case when new.seq > 1 and nextval('virtualq.kept') % 10000 = 0 then null else new end;
end
$$

-- name: lose_history_rarely
create trigger aa_lose_one
    before insert on virtualq.TicketStateHistory
    for each row execute function virtualq.lose_one()

-- name: disable_enforcement
alter table virtualq.Ticket disable trigger zz_ticket_transition

-- name: free_identity
alter table virtualq.Ticket disable trigger ticket_identity_is_fixed

-- name: check_then_act
-- The classic race: the state is read without a lock, judged, and written some time later.
create or replace function virtualq.transition_ticket(
    tenant_id         integer,
    ticket_id         bigint,
    transition        text,
    expected_state    text default null,
    expected_version  integer default null,
    actor             text default null,
    metadata          jsonb default null,
    operation_id      uuid default null,
    out seq           integer,
    out from_state    text,
    out to_state      text,
    out revision      integer,
    out replayed      boolean
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    terminal  text[];
begin
    select t.current_state, y.fsm_compiled -> t.current_state::text ->> transition, y.revision, y.terminal_states
      into from_state, to_state, revision, terminal
      from virtualq.Ticket as t
      join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
     where t.tenant_id = transition_ticket.tenant_id
       and t.id = transition_ticket.ticket_id;
    if to_state is null then
        raise exception using
            errcode = 'check_violation', constraint = 'ticket_transition_is_legal',
            message = 'illegal-transition: no such edge';
    end if;
    perform pg_sleep(0.002);
    update virtualq.Ticket as t
       set current_state = to_state,
           version = t.version + 1,
           closed_at = case when to_state = any (terminal) then clock_timestamp() end
     where t.tenant_id = transition_ticket.tenant_id
       and t.id = transition_ticket.ticket_id
    returning t.version into seq;
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, operation_id
    )
    values (tenant_id, ticket_id, seq, revision, from_state, to_state, transition, 'app', operation_id);
    replayed := false;
end
$$

-- name: own_by_maintainer
alter function virtualq.transition_ticket owner to virtualq_maintainer

-- name: be_timid
-- Refuses now and then what is legal.
create function virtualq.refuse_some() returns trigger
language plpgsql
as $$
begin
    if new.transition_name is not null and random() < 0.05 then
        raise exception using
            errcode = 'check_violation', constraint = 'ticket_transition_is_legal',
            message = 'illegal-transition: not today';
    end if;
    return new;
end
$$

-- name: refuse_legal
create trigger aa_refuse_some
    before update on virtualq.Ticket
    for each row execute function virtualq.refuse_some()

-- name: lock_tickets
lock table virtualq.Ticket in access exclusive mode

-- name: read_a_ticket
select count(*) from virtualq.Ticket

-- name: touch_tickets
update virtualq.Ticket set estimated_wait_minutes = 7

-- name: count_database_backends
select count(*)::integer from pg_stat_activity where application_name = %(name)s

-- name: ask_what_is_refused
select virtualq.no_such_function()
