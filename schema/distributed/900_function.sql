-- The functions as the nodes can run them. Each is amended in the form in which it was just installed, so that no body
-- stands twice; what is to be amended must be there.
grant create on schema virtualq to virtualq_maintainer;

do $amend$
declare
    -- function, what stands there, what takes its place
    amendments  constant text[] := array[
        -- set_config() ends at the coordinator; SET LOCAL is sent on to the nodes that take part in the transaction.
        array['enter_tenant(integer)',
            $$perform set_config('virtualq.tenant_id', tenant_id::text, true);$$,
            $$execute format('set local virtualq.tenant_id = %L', tenant_id);$$],
        array['transition_ticket(integer,bigint,text,text,integer,text,jsonb,uuid)',
            $$entered := set_config('virtualq.tenant_id', tenant_id::text, true);$$,
            $$perform virtualq.enter_tenant(tenant_id);$$],
        array['purge_history(integer,timestamptz)',
            $$perform set_config('virtualq.purging', 'on', true);$$, $$set local virtualq.purging = 'on';$$],
        array['purge_history(integer,timestamptz)',
            $$perform set_config('virtualq.purging', '', true);$$, $$set local virtualq.purging = '';$$],
        array['off_board_tenant(integer)',
            $$perform set_config('virtualq.purging', 'on', true);$$, $$set local virtualq.purging = 'on';$$],
        array['off_board_tenant(integer)',
            $$perform set_config('virtualq.purging', '', true);$$, $$set local virtualq.purging = '';$$],
        -- A row without a tenant never reaches a node, and a node cannot ask the others whose queue it is.
        array['start_ticket()',
            $$select q.tenant_id into new.tenant_id from virtualq.Queue as q where q.id = new.queue_id;$$,
            $$raise exception using errcode = 'not_null_violation', schema = 'virtualq', table = 'ticket',
            column = 'tenant_id', message = 'tenant-missing: a ticket names its tenant, or its transaction does';$$],
        -- This trigger runs on every node that holds a copy of the types, where it can lock nothing but that node's;
        -- virtualq.publish_type() takes the lock on all of them before.
        array['compile_type()', $$lock table virtualq.Ticket in exclusive mode;$$, 'null;']
    ];
    amendment   text[];
    present     text;
    amended     text;
begin
    foreach amendment slice 1 in array amendments loop
        present := pg_get_functiondef(format('virtualq.%s', amendment[1])::regprocedure);
        amended := replace(present, amendment[2], amendment[3]);
        if amended = present then
            raise exception using
                errcode = 'raise_exception',
                message = format('amendment-lost: virtualq.%s no longer says: %s', amendment[1], amendment[2]),
                hint = 'bring schema/distributed/900_function.sql up to date with schema/install';
        end if;
        execute amended;
    end loop;
end
$amend$;

-- The functions look a step up in a view, which other layouts define in another way. Here it is the history itself, and one
-- object less that the nodes must have.
do $step$
declare
    found  record;
begin
    for found in
        select pg_get_functiondef(p.oid) as definition
          from pg_proc as p
         where p.pronamespace = 'virtualq'::regnamespace
           and p.prosrc like '%virtualq.TicketStep %'
    loop
        execute replace(found.definition, 'virtualq.TicketStep ', 'virtualq.TicketStateHistory ');
    end loop;
end
$step$;

-- Refused where something is bound to it.
drop view virtualq.TicketStep;

-- An item without a tenant never reaches a node either.
drop trigger ticketitem_takes_tenant on virtualq.TicketItem;
drop function virtualq.place_item();

-- A trigger on a reference table runs once for each copy, and what it writes would be written once for each copy, from
-- a node: Citus refuses that. So what follows a publication happens where it is asked for, on the coordinator. The body
-- is the trigger function's.
do $settle$
begin
    execute format(
        'create function virtualq.settle_type(tg_op text, old virtualq.TypeDefinition, new virtualq.TypeDefinition) '
        'returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as %L',
        replace((select p.prosrc from pg_proc as p where p.oid = 'virtualq.record_revision()'::regprocedure),
            'return null;', 'return;'));
end
$settle$;

drop trigger typedefinition_records_revision on virtualq.TypeDefinition;
drop function virtualq.record_revision();

-- As in one database, but for the two locks: the type's row and, where tickets are concerned, theirs on every node.
-- Null where the transaction's tenant does not own the type; without a tenant, members of the maintainer publish any.
create or replace function virtualq.publish_type(
    type_definition_id    integer,
    fsm_schema            jsonb default null,
    custom_fields_schema  jsonb default null,
    state_mapping         jsonb default null
) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    present  constant integer := nullif(current_setting('virtualq.tenant_id', true), '')::integer;
    -- Who calls: within this function, current_user is its owner.
    caller   constant text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    before   virtualq.TypeDefinition;
    after    virtualq.TypeDefinition;
    machine  record;
begin
    if present is null and not pg_has_role(caller, 'virtualq_maintainer', 'member') then
        return null;
    end if;
    -- The tickets are moved on the connections that have seen the new machine. The type's row is locked as an UPDATE
    -- locks it: a ticket that is being created holds its key, and the table that is locked below.
    perform set_config('citus.multi_shard_modify_mode', 'sequential', true);
    select t.* into before
      from virtualq.TypeDefinition as t
     where t.id = publish_type.type_definition_id
       and t.scope = coalesce(present, t.scope)
       for no key update;
    if not found then
        return null;
    end if;
    select * into machine from virtualq.compile_machine(coalesce(fsm_schema, before.fsm_schema));
    if cardinality(virtualq.unsettled_states(
        before.fsm_compiled, before.terminal_states, machine.compiled, machine.terminal_states
    )) > 0 then
        lock table virtualq.Ticket in exclusive mode;
    end if;
    update virtualq.TypeDefinition as t
       set fsm_schema = coalesce(publish_type.fsm_schema, t.fsm_schema),
           custom_fields_schema = coalesce(publish_type.custom_fields_schema, t.custom_fields_schema),
           state_mapping = publish_type.state_mapping
     where t.scope = before.scope
       and t.id = before.id
    returning t.* into after;
    perform virtualq.settle_type('UPDATE', before, after);
    return after.revision;
end
$$;

-- Define a type of the transaction's tenant, as its first revision: what an INSERT does in one database.
create function virtualq.define_type(
    tenant_id               integer,
    type_code               text,
    type_name               text,
    fsm_schema              jsonb,
    custom_fields_schema    jsonb default null,
    out type_definition_id  integer
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    made  virtualq.TypeDefinition;
begin
    perform virtualq.enter_tenant(tenant_id);
    insert into virtualq.TypeDefinition as t (tenant_id, type_code, type_name, fsm_schema, custom_fields_schema)
    values (tenant_id, type_code, type_name, fsm_schema, custom_fields_schema)
    returning t.* into made;
    perform virtualq.settle_type('INSERT', null, made);
    type_definition_id := made.id;
end
$$;

-- Written by hand, a type would have no revision. Taking a right from the table takes it from its columns.
revoke insert, update, delete on virtualq.TypeDefinition from virtualq_app;
-- Deleting a person leaves their tickets: Citus has no `on delete set null` where the distribution column is in the key.
create function virtualq.leave_tickets() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_argv[0] = 'customer_id' then
        update virtualq.Ticket as t
           set customer_id = null
         where t.tenant_id = old.tenant_id
           and t.customer_id = old.uid;
    else
        update virtualq.Ticket as t
           set employee_id = null
         where t.tenant_id = old.tenant_id
           and t.employee_id = old.id;
    end if;
    return old;
end
$$;

create trigger customer_leaves_tickets
    before delete on virtualq.Customer
    for each row execute function virtualq.leave_tickets('customer_id');
create trigger employee_leaves_tickets
    before delete on virtualq.Employee
    for each row execute function virtualq.leave_tickets('employee_id');

revoke execute on function
    virtualq.settle_type, virtualq.define_type, virtualq.leave_tickets()
    from public;
grant execute on function virtualq.define_type to virtualq_app, virtualq_maintainer;
alter function virtualq.settle_type owner to virtualq_maintainer;
alter function virtualq.publish_type owner to virtualq_maintainer;
alter function virtualq.define_type owner to virtualq_maintainer;
alter function virtualq.leave_tickets() owner to virtualq_maintainer;

revoke create on schema virtualq from virtualq_maintainer;
