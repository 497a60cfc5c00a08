-- Publishing a type: check, compile, number the revision, keep it, and leave no ticket behind in a state that is gone.

-- The states whose tickets a publication concerns: those that go, and those that are terminal in one of the machines.
create function virtualq.unsettled_states(
    old_compiled jsonb, old_terminal text[], new_compiled jsonb, new_terminal text[]
) returns text[]
language sql immutable
return array(
    select k.state
      from jsonb_object_keys(old_compiled) as k (state)
     where not new_compiled ? k.state
        or (k.state = any (old_terminal)) <> (k.state = any (new_terminal))
);

create function virtualq.compile_type() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    machine  record;
    entry    record;
    renewed  boolean := true;
begin
    new.scope := coalesce(new.tenant_id, 0);
    if tg_op = 'UPDATE' then
        renewed := old.fsm_schema <> new.fsm_schema
            or old.custom_fields_schema is distinct from new.custom_fields_schema;
        if not renewed then
            new.revision := old.revision;
            new.fsm_compiled := old.fsm_compiled;
            new.initial_state := old.initial_state;
            new.terminal_states := old.terminal_states;
            new.state_mapping := old.state_mapping;
            return new;
        end if;
        new.revision := old.revision + 1;
        -- A mapping belongs to one publication; the last one's is not carried over.
        if new.state_mapping is not distinct from old.state_mapping then
            new.state_mapping := null;
        end if;
    else
        new.revision := 1;
        new.state_mapping := null;
    end if;

    select * into machine from virtualq.compile_machine(new.fsm_schema);
    new.fsm_compiled := machine.compiled;
    new.initial_state := machine.initial_state;
    new.terminal_states := machine.terminal_states;

    if jsonb_typeof(new.state_mapping) <> 'object' then
        perform virtualq.refuse_machine('state_mapping', 'a mapping is an object {old state: new state}');
    end if;
    for entry in select m.key, m.value from jsonb_each_text(new.state_mapping) as m loop
        if not old.fsm_compiled ? entry.key then
            perform virtualq.refuse_machine('state_mapping', format('the old machine has no state ''%s''', entry.key));
        elsif new.fsm_compiled ? entry.key then
            perform virtualq.refuse_machine('state_mapping', format('the new machine keeps the state ''%s''', entry.key));
        elsif not new.fsm_compiled ? coalesce(entry.value, '') then
            perform virtualq.refuse_machine('state_mapping', format('the new machine has no state ''%s''', entry.value));
        end if;
    end loop;

    -- Where tickets are to be moved, opened or closed, no transition may be under way: one that has read the old machine
    -- could still move a ticket as that one says. EXCLUSIVE waits for every transaction that has locked or written a
    -- ticket, and lets readers be.
    if tg_op = 'UPDATE' and cardinality(virtualq.unsettled_states(
        old.fsm_compiled, old.terminal_states, new.fsm_compiled, new.terminal_states
    )) > 0 then
        -- A frozen snapshot would not show the tickets that have come or moved before the lock is granted.
        if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
            raise exception using
                errcode = 'invalid_transaction_state', constraint = 'type_publication_sees_tickets',
                schema = 'virtualq', table = 'typedefinition',
                message = format('frozen-snapshot: publishing ''%s'' concerns tickets; it runs at %s',
                    new.type_code, current_setting('transaction_isolation')),
                hint = 'publish in a transaction at read committed';
        end if;
        lock table virtualq.Ticket in exclusive mode;
    end if;
    return new;
end
$$;

create function virtualq.record_revision() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    unsettled  text[];
    stranded   text;
begin
    if tg_op = 'UPDATE' and old.revision = new.revision then
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
    unsettled := virtualq.unsettled_states(
        old.fsm_compiled, old.terminal_states, new.fsm_compiled, new.terminal_states);
    if cardinality(unsettled) = 0 then
        return null;
    end if;
    update virtualq.Ticket as t
       set current_state = new.state_mapping ->> t.current_state::text
     where t.type_definition_id = new.id
       and t.type_scope = new.scope
       and (new.scope = 0 or t.tenant_id = new.scope)
       and new.state_mapping ? t.current_state::text;
    update virtualq.Ticket as t
       set closed_at = case when t.closed_at is null then clock_timestamp() end
     where t.type_definition_id = new.id
       and t.type_scope = new.scope
       and (new.scope = 0 or t.tenant_id = new.scope)
       and t.current_state = any (unsettled)
       and (t.closed_at is null) = (t.current_state = any (new.terminal_states));
    select string_agg(format('%s in ''%s''', s.tickets, s.current_state), ', ' order by s.current_state)
      into stranded
      from (
        select t.current_state, count(*) as tickets
          from virtualq.Ticket as t
         where t.type_definition_id = new.id
           and t.type_scope = new.scope
           and (new.scope = 0 or t.tenant_id = new.scope)
           and not new.fsm_compiled ? t.current_state::text
         group by t.current_state
      ) as s;
    if stranded is not null then
        raise exception using
            errcode = 'check_violation', constraint = 'typedefinition_orphans_no_ticket',
            schema = 'virtualq', table = 'typedefinition', column = 'fsm_schema',
            message = format('orphaned-state: publishing ''%s'' would strand tickets: %s', new.type_code, stranded),
            detail = stranded,
            hint = 'give a mapping {old state: new state} with the publication';
    end if;
    return null;
end
$$;

create trigger typedefinition_identity_is_fixed
    before update on virtualq.TypeDefinition
    for each row
    when (old.id <> new.id or old.extid <> new.extid or old.tenant_id is distinct from new.tenant_id)
    execute function virtualq.keep_identity('typedefinition_identity_is_fixed', 'its id, extid and tenant');
create trigger zz_typedefinition_compiles
    before insert or update on virtualq.TypeDefinition
    for each row execute function virtualq.compile_type();
create trigger typedefinition_records_revision
    after insert or update on virtualq.TypeDefinition
    for each row execute function virtualq.record_revision();

-- Publish a machine, custom-field schema or both for a type that the current transaction's tenant owns; the owner of
-- the schema may publish system-defined types too (set role virtualq_maintainer). Null leaves a part as it is.
create function virtualq.publish_type(
    type_definition_id    integer,
    fsm_schema            jsonb default null,
    custom_fields_schema  jsonb default null,
    state_mapping         jsonb default null
) returns integer
language sql volatile
begin atomic
    update virtualq.TypeDefinition as t
       set fsm_schema = coalesce(publish_type.fsm_schema, t.fsm_schema),
           custom_fields_schema = coalesce(publish_type.custom_fields_schema, t.custom_fields_schema),
           state_mapping = publish_type.state_mapping
     where t.id = publish_type.type_definition_id
    returning t.revision;
end;
