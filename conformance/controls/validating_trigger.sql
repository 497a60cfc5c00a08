-- A trigger judges each change of a ticket by a table of edges; another one, after it, compares ticket and history.
-- subject: procedural, orm

-- The edges of every published revision as rows, spelled out from the document itself: nothing here reads the compiled
-- machine. They are written with the revision and never again.
create table virtualq.Edge (
    scope               integer not null,
    type_definition_id  integer not null,
    revision            integer not null,
    from_state          text not null,
    transition          text not null,
    to_state            text not null,
    constraint edge_pkey primary key (scope, type_definition_id, revision, from_state, transition),
    constraint edge_type_fkey foreign key (scope, type_definition_id)
        references virtualq.TypeDefinition (scope, id) on delete cascade
);

alter table virtualq.Edge enable row level security;
alter table virtualq.Edge force row level security;
create policy edges_of_own_types on virtualq.Edge for select to virtualq_app
    using (scope in (0, nullif(current_setting('virtualq.tenant_id', true), '')::integer));
create policy edges_are_kept on virtualq.Edge for all to virtualq_maintainer using (true) with check (true);
grant select on virtualq.Edge to virtualq_app;
grant select, insert, delete on virtualq.Edge to virtualq_maintainer;

create function virtualq.edges_of(machine jsonb)
returns table (from_state text, transition text, to_state text)
language sql immutable
as $$
    with written as (
        select w.value ->> 'name' as transition,
               s.source,
               w.value ->> 'to' as target
          from jsonb_array_elements(coalesce(machine -> 'transitions', '[]')) as w
         cross join lateral jsonb_array_elements_text(
                   case jsonb_typeof(w.value -> 'from')
                       when 'array' then w.value -> 'from'
                       else jsonb_build_array(w.value -> 'from')
                   end
               ) as s (source)
    ),
    state as (
        select coalesce(machine #>> '{init,to}', machine ->> 'init') as name
        union
        select coalesce(machine #>> '{init,from}', 'none')
        union
        select jsonb_array_elements_text(coalesce(machine -> 'states', '[]'))
        union
        select w.source from written as w where w.source <> '*'
        union
        select w.target from written as w where w.target <> '*'
    )
    -- One that names its source comes before one from everywhere.
    select distinct on (s.name, w.transition)
           s.name, w.transition, case w.target when '*' then s.name else w.target end
      from state as s
      join written as w on w.source in (s.name, '*')
     order by s.name, w.transition, w.source = '*'
$$;

create function virtualq.write_edges() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into virtualq.Edge (scope, type_definition_id, revision, from_state, transition, to_state)
    select new.scope, new.id, new.revision, e.from_state, e.transition, e.to_state
      from virtualq.edges_of(new.fsm_schema) as e
        on conflict do nothing;
    return null;
end
$$;

-- Before the trigger that moves a publication's tickets, by its name.
create trigger edges_are_written
    after insert or update on virtualq.TypeDefinition
    for each row execute function virtualq.write_edges();

insert into virtualq.Edge (scope, type_definition_id, revision, from_state, transition, to_state)
select y.scope, y.id, y.revision, e.from_state, e.transition, e.to_state
  from virtualq.TypeDefinition as y
 cross join lateral virtualq.edges_of(y.fsm_schema) as e;

-- What a writer may set is named; everything else stays, whoever writes. A publication opens and closes tickets.
create function virtualq.hold_ticket() returns trigger
language plpgsql
as $$
declare
    settable  text[] := array[
        'queue_id', 'customer_id', 'employee_id', 'estimated_wait_minutes', 'ttl_minutes', 'leased_until',
        'custom_data', 'current_state',
        'transition_name', 'transition_actor', 'transition_metadata', 'transition_operation_id'
    ];
begin
    if current_user = 'virtualq_maintainer' then
        settable := settable || 'closed_at'::text;
    end if;
    if to_jsonb(old) - settable <> to_jsonb(new) - settable then
        raise exception using
            errcode = 'check_violation',
            constraint = 'ticket_is_held',
            message = format('identity-is-fixed: of ticket %s only %s change', old.extid, array_to_string(settable, ', '));
    end if;
    return new;
end
$$;

-- A new ticket, or one that asks to move: judged, numbered, and written down.
create function virtualq.judge_ticket() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    kind     virtualq.TypeDefinition;
    earlier  bigint;
    origin   text;
    name     text;
    ways     text[];
    note     jsonb := new.transition_metadata;
begin
    if tg_op = 'UPDATE' then
        if new.current_state = old.current_state
           and num_nonnulls(new.transition_name, new.transition_operation_id) = 0 then
            return new;
        end if;
        select h.ticket_id into earlier
          from virtualq.TicketStateHistory as h
         where h.tenant_id = old.tenant_id
           and h.operation_id = new.transition_operation_id;
        if earlier = old.id then
            return null;
        elsif earlier is not null then
            raise exception using
                errcode = 'unique_violation',
                constraint = 'ticketstatehistory_operation_key',
                message = format('operation-reused: %s is ticket %s''s', new.transition_operation_id, earlier);
        end if;
    else
        new.tenant_id := coalesce(
            new.tenant_id, (select q.tenant_id from virtualq.Queue as q where q.id = new.queue_id));
    end if;

    -- Whoever sees the past must not judge by it: the lock fails if the type has been published since.
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform from virtualq.TypeDefinition as y where y.id = new.type_definition_id for share;
    end if;
    select y.* into kind
      from virtualq.TypeDefinition as y
     where y.id = new.type_definition_id
       and y.scope in (0, new.tenant_id);

    if tg_op = 'INSERT' then
        if kind.id is null then
            raise exception using
                errcode = 'foreign_key_violation',
                constraint = 'ticket_type_fkey',
                message = format('unknown-type: no type %s', new.type_definition_id);
        elsif new.current_state <> kind.initial_state then
            raise exception using
                errcode = 'check_violation',
                constraint = 'ticket_starts_in_initial_state',
                message = format('illegal-start: in ''%s'', not in ''%s''', new.current_state, kind.initial_state);
        end if;
        new.type_scope := kind.scope;
        new.current_state := kind.initial_state;
        new.version := 1;
        origin := coalesce(kind.fsm_schema #>> '{init,from}', 'none');
        name := coalesce(kind.fsm_schema #>> '{init,name}', 'init');
    else
        origin := old.current_state;
        name := new.transition_name;
        new.version := old.version + 1;
        if kind.fsm_compiled ? origin then
            if name is not null and new.current_state = old.current_state then
                select e.to_state into new.current_state
                  from virtualq.Edge as e
                 where (e.scope, e.type_definition_id, e.revision) = (kind.scope, kind.id, kind.revision)
                   and e.from_state = origin
                   and e.transition = name;
            end if;
            ways := array(
                select e.transition
                  from virtualq.Edge as e
                 where (e.scope, e.type_definition_id, e.revision) = (kind.scope, kind.id, kind.revision)
                   and e.from_state = origin
                   and e.to_state = new.current_state
                   and (name is null or e.transition = name)
            );
            if cardinality(ways) = 0 then
                perform virtualq.refuse_ticket(kind, old, name, new.current_state);
            elsif cardinality(ways) = 1 then
                name := ways[1];
            end if;
        elsif name is null and new.current_state = kind.state_mapping ->> origin then
            note := jsonb_build_object('republished', kind.revision);
        else
            raise exception using
                errcode = 'check_violation',
                constraint = 'ticket_state_is_in_machine',
                message = format('orphaned-state: ticket %s is in ''%s'', which is gone', old.extid, origin);
        end if;
    end if;

    if exists (
        select
          from virtualq.Edge as e
         where (e.scope, e.type_definition_id, e.revision) = (kind.scope, kind.id, kind.revision)
           and e.from_state = new.current_state
           and e.to_state <> e.from_state
    ) then
        new.closed_at := null;
    elsif tg_op = 'INSERT' or old.closed_at is null then
        new.closed_at := clock_timestamp();
    end if;
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id
    )
    values (
        new.tenant_id, new.id, new.version, kind.revision, origin, new.current_state, name,
        coalesce(new.transition_actor, session_user), note,
        coalesce(new.transition_operation_id, gen_random_uuid())
    );
    new.transition_name := null;
    new.transition_actor := null;
    new.transition_metadata := null;
    new.transition_operation_id := null;
    return new;
end
$$;

create function virtualq.refuse_ticket(
    kind virtualq.TypeDefinition, held virtualq.Ticket, transition text, target text
) returns void
language plpgsql
as $$
begin
    raise exception using
        errcode = 'check_violation',
        constraint = 'ticket_transition_is_legal',
        message = format(
            'illegal-transition: from ''%s'' ticket %s cannot %s; it can %s',
            held.current_state, held.extid, concat_ws(' to ', transition, target),
            coalesce((
                select string_agg(e.transition || ' to ' || e.to_state, ', ')
                  from virtualq.Edge as e
                 where (e.scope, e.type_definition_id, e.revision) = (kind.scope, kind.id, kind.revision)
                   and e.from_state = held.current_state
            ), 'do nothing'));
end
$$;

-- After everything that may still have changed the row: the ticket is where its history last put it.
create function virtualq.compare_ticket() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
          from virtualq.TicketStateHistory as h
         where h.tenant_id = new.tenant_id
           and h.ticket_id = new.id
           and h.seq = new.version
           and h.to_state = new.current_state
    ) then
        raise exception using
            errcode = 'check_violation',
            constraint = 'ticket_transition_is_legal',
            message = format('illegal-transition: ticket %s came to ''%s'' by no edge', new.extid, new.current_state);
    end if;
    return null;
end
$$;

drop trigger zz_ticket_starts on virtualq.Ticket;
drop trigger zz_ticket_transition on virtualq.Ticket;
drop trigger ticket_identity_is_fixed on virtualq.Ticket;
drop function virtualq.start_ticket(), virtualq.enforce_transition(), virtualq.refuse_transition;

-- By their names: what is said about a ticket's tenant is said before anything is looked up for it.
create trigger ticket_is_held
    before update on virtualq.Ticket
    for each row execute function virtualq.hold_ticket();
create trigger ticket_lives_by_machine
    before insert or update on virtualq.Ticket
    for each row execute function virtualq.judge_ticket();
create trigger ticket_matches_history
    after insert or update on virtualq.Ticket
    for each row execute function virtualq.compare_ticket();

alter function virtualq.write_edges() owner to virtualq_maintainer;
alter function virtualq.judge_ticket() owner to virtualq_maintainer;
alter function virtualq.compare_ticket() owner to virtualq_maintainer;
revoke execute on function
    virtualq.edges_of, virtualq.write_edges, virtualq.hold_ticket, virtualq.judge_ticket, virtualq.refuse_ticket,
    virtualq.compare_ticket
    from public;
grant execute on function virtualq.edges_of, virtualq.refuse_ticket to virtualq_maintainer;

-- A bulk call asks for its moves as any other statement does, and the triggers judge and record them.
create or replace function virtualq.transition_tickets(
    tenant_id      integer,
    ticket_ids     bigint[],
    transition     text,
    actor          text default null,
    metadata       jsonb default null,
    operation_ids  uuid[] default null
) returns table (ticket_id bigint, outcome text, seq integer, from_state text, to_state text)
language plpgsql
as $$
#variable_conflict use_variable
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
    ),
    moved as (
        update virtualq.Ticket as t
           set transition_name = transition,
               transition_actor = actor,
               transition_metadata = metadata,
               transition_operation_id = j.operation_id
          from judged as j
         where j.verdict = 'moved'
           and t.tenant_id = transition_tickets.tenant_id
           and t.id = j.id
        returning t.id, t.version, t.current_state
    )
    select j.id, j.verdict, coalesce(m.version, j.done_seq),
           coalesce(j.done_from, j.current_state)::text, coalesce(m.current_state, j.done_to)::text
      from judged as j
      left join moved as m on m.id = j.id
     order by j.id;
end
$$;
