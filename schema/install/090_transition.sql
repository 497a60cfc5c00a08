-- Enforcement: whatever SQL changes a ticket, its state moves along an edge of its machine and the history says so.
--
-- The functions run as virtualq_maintainer, because the application may not write history itself. They name every
-- table with its schema and pin search_path, so that nobody can slip another table under them.

-- Refuse a ticket for another tenant before anything is looked up for it. Row security judges a new row only after the
-- triggers, which would by then have told, by the error they raise, what that tenant has. The argument is the table's
-- name, which a partition does not tell.
create function virtualq.keep_tenant() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    present  constant integer := nullif(current_setting('virtualq.tenant_id', true), '')::integer;
begin
    if not row_security_active(tg_relid) or pg_has_role(current_user, 'virtualq_maintainer', 'usage') then
        return new;
    end if;
    if new.tenant_id is not null or present is null then
        raise exception using
            errcode = 'insufficient_privilege',
            schema = tg_table_schema, table = tg_argv[0],
            message = format('new row violates row-level security policy for table "%s"', tg_argv[0]);
    end if;
    new.tenant_id := present;
    return new;
end
$$;

-- Complete a new ticket: its tenant from its queue, its scope from its type, its state from the machine.
create function virtualq.start_ticket() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    machine  record;
begin
    if new.tenant_id is null then
        select q.tenant_id into new.tenant_id from virtualq.Queue as q where q.id = new.queue_id;
    end if;

    -- As in enforce_transition(): no ticket starts by a machine that a frozen snapshot still shows.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform from virtualq.TypeDefinition as t
          where t.id = new.type_definition_id and t.scope in (0, new.tenant_id) for share;
    end if;

    select t.scope, t.revision, t.type_code, t.initial_state, t.terminal_states, t.fsm_schema -> 'init' as init
      into machine
      from virtualq.TypeDefinition as t
     where t.id = new.type_definition_id
       and t.scope in (0, new.tenant_id);
    if not found then
        raise exception using
            errcode = 'foreign_key_violation', constraint = 'ticket_type_fkey',
            schema = 'virtualq', table = 'ticket',
            message = format('unknown-type: the tenant has no ticket type %s', new.type_definition_id),
            hint = 'a ticket takes a type of its own tenant or a system-defined one';
    end if;
    if new.current_state <> machine.initial_state then
        raise exception using
            errcode = 'check_violation', constraint = 'ticket_starts_in_initial_state',
            schema = 'virtualq', table = 'ticket', column = 'current_state',
            message = format('illegal-start: a ticket of type ''%s'' (revision %s) cannot start in ''%s''; expected ''%s''',
                machine.type_code, machine.revision, new.current_state, machine.initial_state);
    end if;

    new.type_scope := machine.scope;
    new.current_state := machine.initial_state;
    new.version := 1;
    new.closed_at := case when machine.initial_state = any (machine.terminal_states) then clock_timestamp() end;

    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id
    )
    values (
        new.tenant_id, new.id, 1, machine.revision,
        coalesce(machine.init ->> 'from', 'none'), machine.initial_state, coalesce(machine.init ->> 'name', 'init'),
        coalesce(new.transition_actor, session_user), new.transition_metadata,
        coalesce(new.transition_operation_id, virtualq.new_extid())
    );
    new.transition_actor := null;
    new.transition_name := null;
    new.transition_metadata := null;
    new.transition_operation_id := null;
    return new;
end
$$;

-- Move a ticket along an edge, or refuse. The row is locked when this runs, so OLD is the present state and the
-- version counts without gaps.
--
-- An operation id that the ticket's history already holds skips the row: the work is done, and the caller's function
-- answers with the first result.
create function virtualq.enforce_transition() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    machine     record;
    target      text := new.current_state;
    taken       text := new.transition_name;
    candidates  text[];
    first_for   bigint;
begin
    if new.transition_operation_id is not null then
        select h.ticket_id into first_for
          from virtualq.TicketStep as h
         where h.tenant_id = old.tenant_id
           and h.operation_id = new.transition_operation_id;
        if first_for = old.id then
            return null;
        elsif found then
            raise exception using
                errcode = 'unique_violation', constraint = 'ticketstatehistory_operation_key',
                schema = 'virtualq', table = 'ticketstatehistory',
                message = format('operation-reused: the operation %s belongs to another ticket',
                    new.transition_operation_id);
        end if;
    end if;

    -- A transaction with a frozen snapshot would judge by a machine that may have been replaced since: the row lock
    -- turns that into a serialization failure.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform from virtualq.TypeDefinition as t
          where t.scope = old.type_scope and t.id = old.type_definition_id for share;
    end if;

    select t.type_code, t.revision, t.terminal_states,
           t.fsm_compiled -> old.current_state::text as edges,
           t.state_mapping ->> old.current_state::text as remapped
      into machine
      from virtualq.TypeDefinition as t
     where t.scope = old.type_scope
       and t.id = old.type_definition_id;

    if machine.edges is null then
        -- The state is gone from the machine. Only the publication that removed it says where its tickets go.
        if taken is not null or target is distinct from machine.remapped then
            raise exception using
                errcode = 'check_violation', constraint = 'ticket_state_is_in_machine',
                schema = 'virtualq', table = 'ticket', column = 'current_state',
                message = format('orphaned-state: ticket %s is in ''%s'', which the machine ''%s'' (revision %s) lacks',
                    old.extid, old.current_state, machine.type_code, machine.revision),
                hint = 'publish the machine again with a mapping for that state';
        end if;
        new.transition_metadata := jsonb_build_object('moved_by_revision', machine.revision);
    elsif taken is not null then
        target := machine.edges ->> taken;
        if target is null or (new.current_state <> old.current_state and new.current_state <> target) then
            perform virtualq.refuse_transition(
                old.extid, old.current_state, taken,
                case when target is not null then new.current_state end,
                machine.type_code, machine.revision, machine.edges);
        end if;
    else
        select array_agg(e.key) into candidates
          from jsonb_each_text(machine.edges) as e
         where e.value = target;
        if candidates is null then
            perform virtualq.refuse_transition(
                old.extid, old.current_state, null, target, machine.type_code, machine.revision, machine.edges);
        elsif cardinality(candidates) = 1 then
            taken := candidates[1];
        end if;
    end if;

    new.current_state := target;
    new.version := old.version + 1;
    new.closed_at := case
        when target = any (machine.terminal_states) then coalesce(old.closed_at, clock_timestamp())
    end;
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id
    )
    values (
        old.tenant_id, old.id, new.version, machine.revision, old.current_state, target, taken,
        coalesce(new.transition_actor, session_user), new.transition_metadata,
        coalesce(new.transition_operation_id, virtualq.new_extid())
    );
    new.transition_name := null;
    new.transition_actor := null;
    new.transition_metadata := null;
    new.transition_operation_id := null;
    return new;
end
$$;

-- Never returns; what it is said to return lets it stand where a state is expected.
create function virtualq.refuse_transition(
    ticket uuid, present text, transition text, target text, type_code text, revision integer, edges jsonb
) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    allowed  text := (select string_agg(e.key || ' → ' || e.value, ', ' order by e.key) from jsonb_each_text(edges) as e);
begin
    raise exception using
        errcode = 'check_violation',
        constraint = 'ticket_transition_is_legal',
        schema = 'virtualq', table = 'ticket', column = 'current_state',
        message = format(
            'illegal-transition: ticket %s cannot %s from ''%s''; the machine ''%s'' (revision %s) allows %s',
            ticket,
            concat_ws(' ', 'take ''' || transition || '''', 'go to ''' || target || ''''),
            present, type_code, revision, coalesce(allowed, 'nothing from there'));
end
$$;

-- What makes a ticket the ticket that it is never changes; what the trigger above derives is not written by hand.
create function virtualq.keep_identity() returns trigger
language plpgsql
as $$
begin
    raise exception using
        errcode = 'check_violation', constraint = tg_argv[0],
        schema = tg_table_schema, table = tg_table_name,
        message = format('identity-is-fixed: %s keeps %s', tg_table_name, tg_argv[1]);
end
$$;

-- A condition of the trigger would say the same, but PostgreSQL reads a condition anew for each statement, and this one
-- is long; a function's expressions are read once a session. It runs as whoever writes: a publication, whose trigger
-- runs as the maintainer, may turn a state into a terminal one, or back, and transition_tickets() counts the versions of
-- what it has judged.
create function virtualq.keep_ticket_identity() returns trigger
language plpgsql
as $$
begin
    if old.id <> new.id
       or old.extid <> new.extid
       or old.tenant_id is distinct from new.tenant_id
       or old.type_definition_id <> new.type_definition_id
       or old.type_scope <> new.type_scope
       or old.created_at <> new.created_at
       or (old.version <> new.version or old.closed_at is distinct from new.closed_at)
          and current_user <> 'virtualq_maintainer' then
        raise exception using
            errcode = 'check_violation', constraint = tg_name,
            schema = tg_table_schema, table = tg_table_name,
            message = 'identity-is-fixed: ticket keeps '
                'its id, extid, tenant, type, version, creation and closing time';
    end if;
    return new;
end
$$;

create trigger ticket_identity_is_fixed
    before update on virtualq.Ticket
    for each row execute function virtualq.keep_ticket_identity();

-- BEFORE triggers fire in the order of their names: these come after any other, so that no other can change the state
-- behind them. No column list: a column changed by another trigger counts as well. Where the maintainer counts the version,
-- transition_tickets() has judged the step and records it.
create trigger ticket_keeps_tenant
    before insert on virtualq.Ticket
    for each row
    when (
        (new.tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer) is not true
        and current_user <> 'virtualq_maintainer'
    )
    execute function virtualq.keep_tenant('ticket');
create trigger zz_ticket_starts
    before insert on virtualq.Ticket
    for each row execute function virtualq.start_ticket();
create trigger zz_ticket_transition
    before update on virtualq.Ticket
    for each row
    when (
        (
            old.current_state is distinct from new.current_state
            or new.transition_name is not null
            or new.transition_operation_id is not null
        )
        and (old.version = new.version or current_user <> 'virtualq_maintainer')
    )
    execute function virtualq.enforce_transition();

-- An item takes its tenant from its ticket.
create function virtualq.place_item() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    select t.tenant_id into new.tenant_id from virtualq.Ticket as t where t.id = new.ticket_id;
    return new;
end
$$;

create trigger ticketitem_takes_tenant
    before insert on virtualq.TicketItem
    for each row when (new.tenant_id is null)
    execute function virtualq.place_item();
