-- Tickets move by functions that lock the row, judge, move and record; the application itself cannot write a state.
-- subject: procedural

-- No trigger judges a move any more, and none is needed: the application loses the right to make one by itself.
drop trigger zz_ticket_transition on virtualq.Ticket;
drop trigger ticket_identity_is_fixed on virtualq.Ticket;
drop function virtualq.enforce_transition();
drop function virtualq.refuse_transition;

revoke update (current_state, transition_name, transition_actor, transition_metadata, transition_operation_id)
    on virtualq.Ticket from virtualq_app;

-- Who a ticket is has nothing to do with where it is: that much is refused to the owner as well.
create function virtualq.ticket_stays_itself() returns trigger
language plpgsql
as $$
begin
    raise exception using
        errcode = 'check_violation',
        constraint = 'ticket_stays_itself',
        message = format('identity-is-fixed: ticket %s stays what it is', old.extid);
end
$$;

create trigger ticket_stays_itself
    before update of id, extid, tenant_id, type_scope, type_definition_id, created_at on virtualq.Ticket
    for each row
    when (
        row (old.id, old.extid, old.tenant_id, old.type_scope, old.type_definition_id, old.created_at)
        is distinct from
        row (new.id, new.extid, new.tenant_id, new.type_scope, new.type_definition_id, new.created_at)
    )
    execute function virtualq.ticket_stays_itself();

-- The one place where a ticket moves. The caller has locked the row and passes it as it found it; what is read here is
-- therefore younger than the lock, and a publication that concerns the ticket cannot come between.
create function virtualq.step(
    held          virtualq.Ticket,
    transition    text,
    actor         text,
    metadata      jsonb,
    operation_id  uuid
) returns virtualq.TicketStateHistory
language plpgsql
as $$
#variable_conflict use_variable
declare
    kind      virtualq.TypeDefinition;
    ways      jsonb;
    recorded  virtualq.TicketStateHistory;
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        select y.* into kind
          from virtualq.TypeDefinition as y
         where y.scope = held.type_scope
           and y.id = held.type_definition_id
           for share;
    else
        select y.* into kind
          from virtualq.TypeDefinition as y
         where y.scope = held.type_scope
           and y.id = held.type_definition_id;
    end if;
    ways := kind.fsm_compiled -> held.current_state::text;
    if ways is null then
        raise exception using
            errcode = 'check_violation',
            constraint = 'ticket_state_is_in_machine',
            message = format('orphaned-state: ''%s'' has no state ''%s'' any more', kind.type_code, held.current_state);
    elsif not ways ? transition then
        raise exception using
            errcode = 'check_violation',
            constraint = 'ticket_transition_is_legal',
            message = format(
                'illegal-transition: ''%s'' does not lead out of ''%s'', but: %s',
                transition, held.current_state,
                coalesce((select string_agg(k, ', ') from jsonb_object_keys(ways) as k), 'nothing'));
    end if;

    update virtualq.Ticket as t
       set current_state = ways ->> transition,
           version = held.version + 1,
           closed_at = case
               when (ways ->> transition) = any (kind.terminal_states) then coalesce(held.closed_at, clock_timestamp())
           end
     where t.tenant_id = held.tenant_id
       and t.id = held.id;
    insert into virtualq.TicketStateHistory as h (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id
    )
    values (
        held.tenant_id, held.id, held.version + 1, kind.revision, held.current_state, ways ->> transition, transition,
        coalesce(actor, session_user), metadata, coalesce(operation_id, gen_random_uuid())
    )
    returning h.* into recorded;
    return recorded;
end
$$;

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
    held      virtualq.Ticket;
    recorded  virtualq.TicketStateHistory;
begin
    perform virtualq.enter_tenant(tenant_id);
    select t.* into held
      from virtualq.Ticket as t
     where t.tenant_id = transition_ticket.tenant_id
       and t.id = transition_ticket.ticket_id
       for no key update;

    select h.* into recorded
      from virtualq.TicketStateHistory as h
     where h.tenant_id = transition_ticket.tenant_id
       and h.operation_id = transition_ticket.operation_id;
    replayed := found;
    if replayed and (recorded.ticket_id, recorded.transition_name) is distinct from (ticket_id, transition) then
        raise exception using
            errcode = 'unique_violation',
            constraint = 'ticketstatehistory_operation_key',
            message = format('operation-reused: %s has been used for something else', operation_id);
    end if;

    if not replayed then
        if held.id is null then
            raise exception using
                errcode = 'no_data_found',
                constraint = 'ticket_exists',
                message = format('ticket-not-found: no ticket %s', ticket_id);
        elsif held.current_state <> expected_state or held.version <> expected_version then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                constraint = 'ticket_is_as_expected',
                message = format('stale-ticket: %s is in ''%s'' at %s', ticket_id, held.current_state, held.version);
        end if;
        recorded := virtualq.step(held, transition, actor, metadata, operation_id);
    end if;
    seq := recorded.seq;
    from_state := recorded.from_state;
    to_state := recorded.to_state;
    revision := recorded.revision;
end
$$;

create or replace function virtualq.transition_tickets(
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
    wanted    record;
    held      virtualq.Ticket;
    recorded  virtualq.TicketStateHistory;
begin
    perform virtualq.enter_tenant(tenant_id);
    if cardinality(operation_ids) <> cardinality(ticket_ids) then
        raise exception using
            errcode = 'array_subscript_error', message = 'operation-ids-differ: one for each ticket, or none';
    end if;
    -- Always from the smallest id to the largest, so that no two calls wait for each other.
    for wanted in
        select distinct on (w.ticket_id) w.ticket_id, w.operation_id
          from unnest(ticket_ids, operation_ids) with ordinality as w (ticket_id, operation_id, place)
         order by w.ticket_id, w.place
    loop
        ticket_id := wanted.ticket_id;
        seq := null;
        to_state := null;
        select t.* into held
          from virtualq.Ticket as t
         where t.tenant_id = transition_tickets.tenant_id
           and t.id = wanted.ticket_id
           for no key update;
        from_state := held.current_state;
        select h.* into recorded
          from virtualq.TicketStateHistory as h
         where h.tenant_id = transition_tickets.tenant_id
           and h.operation_id = wanted.operation_id;
        if held.id is null then
            outcome := 'not-found';
        elsif found then
            outcome := case
                when (recorded.ticket_id, recorded.transition_name) is not distinct from (held.id, transition)
                    then 'replayed'
                else 'operation-reused'
            end;
            seq := recorded.seq;
            from_state := recorded.from_state;
            to_state := recorded.to_state;
        else
            begin
                recorded := virtualq.step(held, transition, actor, metadata, wanted.operation_id);
                outcome := 'moved';
                seq := recorded.seq;
                to_state := recorded.to_state;
            exception
                when check_violation then outcome := 'illegal';
            end;
        end if;
        return next;
    end loop;
end
$$;

create or replace function virtualq.claim_next_ticket(
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
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    held  virtualq.Ticket;
begin
    perform virtualq.enter_tenant(tenant_id);
    select t.* into held
      from virtualq.Ticket as t
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.queue_id = claim_next_ticket.queue_id
       and t.current_state = state
       and t.closed_at is null
       and coalesce(t.leased_until, '-infinity') <= coalesce(at, now())
     order by t.created_at, t.id
     limit 1
       for no key update skip locked;
    if held.id is null then
        return;
    end if;
    leased_until := coalesce(at, now()) + coalesce(lease, interval '5 minutes');
    update virtualq.Ticket as t
       set employee_id = claim_next_ticket.employee_id,
           leased_until = claim_next_ticket.leased_until
     where t.tenant_id = held.tenant_id
       and t.id = held.id;
    ticket_id := held.id;
    extid := held.extid;
    current_state := held.current_state;
    if transition is not null then
        current_state := (virtualq.step(held, transition, actor, null, null)).to_state;
    end if;
end
$$;

create or replace function virtualq.expire_tickets(
    tenant_id  integer,
    at         timestamptz default now(),
    batch      integer default 1000
) returns setof bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    held  virtualq.Ticket;
begin
    perform virtualq.enter_tenant(tenant_id);
    for held in
        select t.*
          from virtualq.Ticket as t
          join virtualq.TypeDefinition as y on (y.scope, y.id) = (t.type_scope, t.type_definition_id)
         where t.tenant_id = expire_tickets.tenant_id
           and t.closed_at is null
           and at - t.created_at >= make_interval(mins => t.ttl_minutes)
           and jsonb_exists(y.fsm_compiled -> t.current_state::text, 'expire')
         order by t.created_at, t.id
         limit batch
           for no key update of t skip locked
    loop
        perform virtualq.step(held, 'expire', 'time', null, null);
        return next held.id;
    end loop;
end
$$;

-- A publication moves the tickets of the states that go, and says so in their histories itself. It comes here with no
-- transition under way, if it concerns any ticket.
create or replace function virtualq.record_revision() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    stranded  text;
begin
    if tg_op = 'UPDATE' and new.revision = old.revision then
        return null;
    end if;
    insert into virtualq.TypeDefinitionRevision (
        scope, type_definition_id, revision, custom_fields_schema, fsm_schema, fsm_compiled, initial_state, state_mapping
    )
    values (
        new.scope, new.id, new.revision, new.custom_fields_schema, new.fsm_schema, new.fsm_compiled,
        new.initial_state, new.state_mapping
    );
    if tg_op = 'INSERT' then
        return null;
    end if;

    with leaving as (
        select t.tenant_id, t.id, t.current_state as from_state, m.value as to_state
          from virtualq.Ticket as t
          join jsonb_each_text(new.state_mapping) as m on m.key = t.current_state
         where t.type_scope = new.scope
           and t.type_definition_id = new.id
    ),
    moved as (
        update virtualq.Ticket as t
           set current_state = l.to_state,
               version = t.version + 1
          from leaving as l
         where (t.tenant_id, t.id) = (l.tenant_id, l.id)
        returning t.tenant_id, t.id, t.version, l.from_state, l.to_state
    )
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, actor, metadata
    )
    select v.tenant_id, v.id, v.version, new.revision, v.from_state, v.to_state, session_user,
           jsonb_build_object('publication', new.revision)
      from moved as v;

    -- Closed exactly where no other state can be reached any more; only a change of the terminal states makes a
    -- difference, and then nobody else is at work on the type's tickets.
    if old.fsm_compiled <> new.fsm_compiled then
        update virtualq.Ticket as t
           set closed_at = case when t.current_state = any (new.terminal_states) then clock_timestamp() end
         where t.type_scope = new.scope
           and t.type_definition_id = new.id
           and (t.current_state = any (new.terminal_states)) <> (t.closed_at is not null);
    end if;

    select string_agg(s.told, ', ') into stranded
      from (
        select format('%s (%s)', t.current_state, count(*)) as told
          from virtualq.Ticket as t
         where t.type_scope = new.scope
           and t.type_definition_id = new.id
           and not new.fsm_compiled ? t.current_state::text
         group by t.current_state
      ) as s;
    if stranded is not null then
        raise exception using
            errcode = 'check_violation',
            constraint = 'typedefinition_orphans_no_ticket',
            message = format('orphaned-state: tickets would be left in %s', stranded);
    end if;
    return null;
end
$$;

-- Everything runs as the maintainer, who may write what the application may not; the step itself is for these alone.
alter function virtualq.step owner to virtualq_maintainer;
alter function virtualq.transition_ticket owner to virtualq_maintainer;
alter function virtualq.transition_tickets owner to virtualq_maintainer;
alter function virtualq.claim_next_ticket owner to virtualq_maintainer;
alter function virtualq.expire_tickets owner to virtualq_maintainer;
revoke execute on function virtualq.step, virtualq.ticket_stays_itself from public;
