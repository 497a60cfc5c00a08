-- The operations of an application, one round trip each. They set the transaction's tenant from their first argument, so
-- that a pooled connection needs no statement before them. They run as the caller, inside row security, unless they say why
-- not; those name the tenant in each of their conditions.

create function virtualq.enter_tenant(tenant_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    present  text := nullif(current_setting('virtualq.tenant_id', true), '');
begin
    if present is null then
        perform set_config('virtualq.tenant_id', tenant_id::text, true);
    elsif present <> tenant_id::text then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('wrong-tenant: the transaction is in tenant %s; expected %s', present, tenant_id),
            hint = 'one transaction serves one tenant';
    end if;
end
$$;

-- Create a ticket with its items. `revision`, if given, is the type's revision that the caller validated
-- `custom_data` under; another one is refused (55000), so that stale rules never judge.
create function virtualq.create_ticket(
    tenant_id           integer,
    queue_id            integer,
    type_definition_id  integer,
    custom_data         jsonb default null,
    customer_id         integer default null,
    employee_id         integer default null,
    ttl_minutes         integer default null,
    items               jsonb default null,
    actor               text default null,
    metadata            jsonb default null,
    operation_id        uuid default null,
    revision            integer default null,
    out ticket_id       bigint,
    out extid           uuid,
    out current_state   text,
    out replayed        boolean
)
language plpgsql
as $$
#variable_conflict use_variable
declare
    present  integer;
begin
    perform virtualq.enter_tenant(tenant_id);
    replayed := false;
    if operation_id is not null then
        -- Of several that send one operation at once, the others wait here for the first one's ticket. (A transition
        -- waits for its ticket's row.)
        perform pg_advisory_xact_lock(hashtextextended(operation_id::text, tenant_id));
        select t.id, t.extid, t.current_state into ticket_id, extid, current_state
          from virtualq.TicketStep as h
          join virtualq.Ticket as t on t.tenant_id = h.tenant_id and t.id = h.ticket_id
         where h.tenant_id = create_ticket.tenant_id
           and h.operation_id = create_ticket.operation_id
           and h.seq = 1;
        if found then
            replayed := true;
            return;
        end if;
    end if;

    insert into virtualq.Ticket as t (
        tenant_id, queue_id, type_definition_id, custom_data, customer_id, employee_id, ttl_minutes,
        transition_actor, transition_metadata, transition_operation_id
    )
    values (
        create_ticket.tenant_id, create_ticket.queue_id, create_ticket.type_definition_id, create_ticket.custom_data,
        create_ticket.customer_id, create_ticket.employee_id, create_ticket.ttl_minutes,
        actor, metadata, create_ticket.operation_id
    )
    returning t.id, t.extid, t.current_state into ticket_id, extid, current_state;

    -- The revision that the ticket was in fact created under: the type may be published at any moment before.
    if revision is not null then
        select h.revision into present
          from virtualq.TicketStep as h
         where h.tenant_id = create_ticket.tenant_id
           and h.ticket_id = create_ticket.ticket_id
           and h.seq = 1;
        if present <> revision then
            raise exception using
                errcode = 'object_not_in_prerequisite_state', constraint = 'type_revision_is_current',
                message = format('stale-type: type %s is at revision %s; expected %s',
                    type_definition_id, present, revision);
        end if;
    end if;

    if items is not null then
        insert into virtualq.TicketItem (tenant_id, ticket_id, name, quantity, note)
        select create_ticket.tenant_id, create_ticket.ticket_id, i.name, coalesce(i.quantity, 1), i.note
          from jsonb_to_recordset(items) as i (name text, quantity integer, note text);
    end if;
end
$$;

-- Move one ticket along the named edge. An operation id makes a retry harmless: the second call answers with the
-- first call's row and `replayed`.
create function virtualq.transition_ticket(
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
language plpgsql
as $$
#variable_conflict use_variable
declare
    entered  text := current_setting('virtualq.tenant_id', true);
    present  record;
begin
    -- What enter_tenant() does in the usual case, as an expression: calling it takes another statement, and this is the
    -- call that is made most.
    if coalesce(entered, '') = '' then
        entered := set_config('virtualq.tenant_id', tenant_id::text, true);
    else
        perform virtualq.enter_tenant(tenant_id);
    end if;
    if transition is null then
        raise exception using
            errcode = 'null_value_not_allowed', message = 'transition-missing: a transition is named';
    end if;
    update virtualq.Ticket as t
       set transition_name = transition,
           transition_actor = actor,
           transition_metadata = metadata,
           transition_operation_id = transition_ticket.operation_id
     where t.tenant_id = transition_ticket.tenant_id
       and t.id = transition_ticket.ticket_id
       and (expected_state is null or t.current_state = expected_state)
       and (expected_version is null or t.version = expected_version)
    returning t.version into seq;
    replayed := not found;

    if replayed and operation_id is not null then
        select h.seq, h.ticket_id, h.transition_name into present
          from virtualq.TicketStep as h
         where h.tenant_id = transition_ticket.tenant_id
           and h.operation_id = transition_ticket.operation_id;
        if found and (present.ticket_id <> ticket_id or present.transition_name is distinct from transition) then
            raise exception using
                errcode = 'unique_violation', constraint = 'ticketstatehistory_operation_key',
                schema = 'virtualq', table = 'ticketstatehistory',
                message = format('operation-reused: the operation %s was ''%s'' on ticket %s',
                    operation_id, present.transition_name, present.ticket_id);
        end if;
        seq := present.seq;
    end if;
    if seq is null then
        select t.current_state, t.version into present
          from virtualq.Ticket as t
         where t.tenant_id = transition_ticket.tenant_id
           and t.id = transition_ticket.ticket_id;
        if not found then
            raise exception using
                errcode = 'no_data_found', constraint = 'ticket_exists',
                message = format('ticket-not-found: tenant %s has no ticket %s', tenant_id, ticket_id);
        end if;
        raise exception using
            errcode = 'object_not_in_prerequisite_state', constraint = 'ticket_is_as_expected',
            schema = 'virtualq', table = 'ticket',
            message = format('stale-ticket: ticket %s is in ''%s'' at version %s; expected %s',
                ticket_id, present.current_state, present.version,
                concat_ws(' at ', '''' || expected_state || '''', 'version ' || expected_version));
    end if;

    select h.from_state, h.to_state, h.revision into from_state, to_state, revision
      from virtualq.TicketStep as h
     where h.tenant_id = transition_ticket.tenant_id
       and h.ticket_id = transition_ticket.ticket_id
       and h.seq = transition_ticket.seq;
end
$$;

-- Move many tickets along edges of one name, in one statement; each ticket's outcome is reported, and one that cannot
-- move does not hold up the others. Rows are locked in the order of their ids, so that two bulk calls never deadlock.
-- `operation_ids`, if given, runs parallel to `ticket_ids`. A ticket that is named twice counts where it is named first.
--
-- It judges and records the tickets as a set, which takes about half as long as letting the trigger look up the machine
-- and write the history for each. The trigger lets that pass because the versions are counted here, which only the
-- maintainer may do; a row that comes out otherwise than it was judged is refused. They are taken in the order of their ids,
-- because rows and keys of neighbours share blocks.
create function virtualq.transition_tickets(
    tenant_id      integer,
    ticket_ids     bigint[],
    transition     text,
    actor          text default null,
    metadata       jsonb default null,
    operation_ids  uuid[] default null
) returns table (ticket_id bigint, outcome text, seq integer, from_state text, to_state text)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    drawn  constant uuid := virtualq.new_extid();
begin
    perform virtualq.enter_tenant(tenant_id);
    if cardinality(operation_ids) <> cardinality(ticket_ids) then
        raise exception using
            errcode = 'array_subscript_error',
            message = format('operation-ids-differ: %s operation ids for %s tickets',
                cardinality(operation_ids), cardinality(ticket_ids));
    end if;
    perform from virtualq.Ticket as t
      where t.tenant_id = transition_tickets.tenant_id and t.id = any (ticket_ids)
      order by t.id
        for no key update;
    -- As in enforce_transition(): no ticket moves by a machine that a frozen snapshot still shows.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform from virtualq.TypeDefinition as y
          where (y.scope, y.id) in (
            select t.type_scope, t.type_definition_id
              from virtualq.Ticket as t
             where t.tenant_id = transition_tickets.tenant_id and t.id = any (ticket_ids)
          )
          order by y.scope, y.id
            for share;
    end if;

    return query
    with wanted as (
        select f.id, f.operation_id,
               f.operation_id is not null
                   and row_number() over (partition by f.operation_id order by f.place) > 1 as is_reused
          from (
            select distinct on (w.id) w.id, w.operation_id, w.place
              from unnest(ticket_ids, operation_ids) with ordinality as w (id, operation_id, place)
             order by w.id, w.place
          ) as f
    ),
    judged as (
        select w.id, w.operation_id, t.current_state, t.version, done.seq as done_seq,
               done.from_state as done_from, done.to_state as done_to,
               y.type_code, y.revision, y.terminal_states, y.fsm_compiled -> t.current_state::text as edges,
               case
                   when t.id is null then 'not-found'
                   when done.ticket_id = w.id and done.transition_name = transition then 'replayed'
                   when done.ticket_id is not null or w.is_reused then 'operation-reused'
                   when y.fsm_compiled -> t.current_state::text ? transition then 'moved'
                   else 'illegal'
               end as verdict
          from wanted as w
          left join virtualq.Ticket as t
            on t.tenant_id = transition_tickets.tenant_id and t.id = w.id
          left join virtualq.TypeDefinition as y
            on y.scope = t.type_scope and y.id = t.type_definition_id
          left join virtualq.TicketStep as done
            on done.tenant_id = transition_tickets.tenant_id and done.operation_id = w.operation_id
         order by w.id
    ),
    moved as (
        update virtualq.Ticket as t
           set current_state = j.edges ->> transition,
               version = j.version + 1,
               closed_at = case
                   when j.edges ->> transition = any (j.terminal_states) then coalesce(t.closed_at, clock_timestamp())
               end
          from judged as j
         where j.verdict = 'moved'
           and t.tenant_id = transition_tickets.tenant_id
           and t.id = j.id
        returning t.id, t.extid, t.version, t.current_state, j.current_state as from_state, j.type_code, j.revision,
                  j.edges, j.operation_id
    ),
    recorded as (
        insert into virtualq.TicketStateHistory as h (
            tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id
        )
        select transition_tickets.tenant_id, m.id, m.version, m.revision, m.from_state,
               case
                   when m.current_state = m.edges ->> transition then m.current_state
                   else virtualq.refuse_transition(
                       m.extid, m.from_state, transition, m.current_state, m.type_code, m.revision, m.edges)
               end,
               transition, coalesce(actor, session_user), metadata,
               coalesce(m.operation_id, virtualq.count_extid(drawn, row_number() over ()))
          from moved as m
        returning h.ticket_id, h.seq, h.to_state
    )
    select j.id, j.verdict, coalesce(r.seq, j.done_seq),
           coalesce(j.done_from, j.current_state)::text, coalesce(r.to_state, j.done_to)::text
      from judged as j
      left join recorded as r on r.ticket_id = j.id
     order by j.id;
end
$$;

-- Lease the oldest ticket of a queue that waits in `state`; rivals skip it instead of waiting. A lease that ran out is
-- free again. `transition`, if given, is taken in the same breath.
create function virtualq.claim_next_ticket(
    tenant_id        integer,
    queue_id         integer,
    state            text,
    employee_id      integer,
    lease            interval default '5 minutes',
    transition       text default null,
    actor            text default null,
    at               timestamptz default now(),
    out ticket_id    bigint,
    out extid        uuid,
    out current_state text,
    out leased_until timestamptz
)
language plpgsql
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    with next as (
        select t.id
          from virtualq.Ticket as t
         where t.tenant_id = claim_next_ticket.tenant_id
           and t.queue_id = claim_next_ticket.queue_id
           and t.current_state = state
           and t.closed_at is null
           and (t.leased_until is null or t.leased_until <= coalesce(at, now()))
         order by t.created_at, t.id
         limit 1
           for no key update skip locked
    )
    update virtualq.Ticket as t
       set employee_id = claim_next_ticket.employee_id,
           leased_until = coalesce(at, now()) + coalesce(lease, interval '5 minutes'),
           transition_name = transition,
           transition_actor = case when transition is not null then actor end
      from next
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.id = next.id
    returning t.id, t.extid, t.current_state, t.leased_until
         into ticket_id, extid, current_state, leased_until;
end
$$;
