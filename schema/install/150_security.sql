-- Who may do what, and who may see which rows.
--
-- Row security is forced on every table that belongs to a tenant: it binds the owner as well. Policies call nothing
-- but current_setting, which is stable and serves as an index condition, and hold no sub-select, so that they are also
-- accepted where the tables are spread over nodes. No tenant set means no rows.
do $security$
declare
    tenant_of  text[] := array[
        array['tenant',                 'id'],
        array['queue',                  'tenant_id'],
        array['customer',               'tenant_id'],
        array['employee',               'tenant_id'],
        array['ticket',                 'tenant_id'],
        array['ticketitem',             'tenant_id'],
        array['ticketstatehistory',     'tenant_id']
    ];
    entry      text[];
    present    constant text := $$nullif(current_setting('virtualq.tenant_id', true), '')::integer$$;
    owned      text;
begin
    foreach entry slice 1 in array tenant_of loop
        execute format('create policy own_tenant on virtualq.%I for all to public using (%I = %s) with check (%2$I = %3$s)',
            entry[1], entry[2], present);
    end loop;
    -- Types: a tenant reads its own and the system-defined ones, and writes its own.
    foreach owned in array array['typedefinition', 'typedefinitionrevision'] loop
        execute format('create policy own_or_system on virtualq.%I for select to public using (scope = 0 or scope = %s)',
            owned, present);
    end loop;
    execute format('create policy own_insert on virtualq.typedefinition for insert to public with check (tenant_id = %s)',
        present);
    execute format('create policy own_update on virtualq.typedefinition for update to public using (tenant_id = %s) '
        'with check (tenant_id = %1$s)', present);
    execute format('create policy own_delete on virtualq.typedefinition for delete to public using (tenant_id = %s)',
        present);

    foreach owned in array array[
        'account', 'tenant', 'queue', 'customer', 'employee', 'typedefinition', 'typedefinitionrevision',
        'ticket', 'ticketitem', 'ticketstatehistory'
    ] loop
        -- The constant true leaves nothing of the policy in a plan; any other condition would keep operators that
        -- are not leakproof, such as jsonb's @>, out of the index conditions of the maintainer's functions.
        execute format('create policy maintenance on virtualq.%I for all to virtualq_maintainer '
            'using (true) with check (true)', owned);
        execute format('alter table virtualq.%I enable row level security', owned);
        execute format('alter table virtualq.%I force row level security', owned);
        execute format('grant select, insert, update, delete on virtualq.%I to virtualq_maintainer', owned);
    end loop;
end
$security$;

-- The application reads its tenant's rows and writes what is its to say. What the database derives (identifiers,
-- version, times, history) it cannot write, not even on insert: an identifier that a caller chooses would also tell,
-- by a unique violation, that another tenant has it.
grant select on
    virtualq.Tenant, virtualq.Queue, virtualq.Customer, virtualq.Employee, virtualq.TypeDefinition,
    virtualq.TypeDefinitionRevision, virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory
    to virtualq_app;
grant select on virtualq.TicketStep to virtualq_app, virtualq_maintainer;
grant update (name, time_zone, configuration) on virtualq.Tenant to virtualq_app;
grant
    insert (tenant_id, name),
    update (name, served_per_minute, measured_at),
    delete
    on virtualq.Queue to virtualq_app;
grant
    insert (tenant_id, name, phone, email),
    update (name, phone, email),
    delete
    on virtualq.Customer to virtualq_app;
grant
    insert (tenant_id, name, email, is_active),
    update (name, email, is_active),
    delete
    on virtualq.Employee to virtualq_app;
grant
    insert (tenant_id, type_code, type_name, custom_fields_schema, fsm_schema, is_system_defined),
    update (type_name, custom_fields_schema, fsm_schema, state_mapping),
    delete
    on virtualq.TypeDefinition to virtualq_app;
grant
    insert (tenant_id, queue_id, type_definition_id, current_state, customer_id, employee_id, custom_data, ttl_minutes,
            transition_actor, transition_metadata, transition_operation_id),
    update (queue_id, current_state, customer_id, employee_id, custom_data, ttl_minutes, estimated_wait_minutes,
            leased_until, transition_name, transition_actor, transition_metadata, transition_operation_id),
    delete
    on virtualq.Ticket to virtualq_app;
grant
    insert (tenant_id, ticket_id, name, quantity, note),
    update (name, quantity, note),
    delete
    on virtualq.TicketItem to virtualq_app;

-- Functions: the application runs the operations; the definer's functions belong to the maintainer, who may only be
-- entered through them.
revoke execute on all functions in schema virtualq from public;
grant execute on function
    virtualq.new_extid(),
    virtualq.enter_tenant(integer),
    virtualq.create_ticket,
    virtualq.transition_ticket,
    virtualq.transition_tickets,
    virtualq.claim_next_ticket,
    virtualq.expire_tickets,
    virtualq.refresh_waits,
    virtualq.search_tickets,
    virtualq.search_tickets_by_path,
    virtualq.publish_type
    to virtualq_app, virtualq_maintainer;
grant execute on function
    virtualq.compile_machine(jsonb),
    virtualq.count_extid(uuid, bigint),
    virtualq.refuse_machine(text, text),
    virtualq.is_falsy(jsonb),
    virtualq.is_searchable_path(jsonpath),
    virtualq.list_detached_steps,
    virtualq.list_layout_violations,
    virtualq.require_name(text, jsonb, text),
    virtualq.require_state_name(text, jsonb),
    virtualq.require_transition_name(text, jsonb),
    virtualq.refuse_transition,
    virtualq.unsettled_states
    to virtualq_maintainer;

alter function virtualq.start_ticket() owner to virtualq_maintainer;
alter function virtualq.enforce_transition() owner to virtualq_maintainer;
alter function virtualq.compile_type() owner to virtualq_maintainer;
alter function virtualq.record_revision() owner to virtualq_maintainer;
alter function virtualq.transition_tickets owner to virtualq_maintainer;
alter function virtualq.search_tickets owner to virtualq_maintainer;
alter function virtualq.search_tickets_by_path owner to virtualq_maintainer;

do $owner$
declare
    installer  text := current_user;
    restricted text;
begin
    foreach restricted in array array[
        'purge_history(integer, timestamptz)', 'off_board_tenant(integer)', 'find_violations()'
    ] loop
        execute format('alter function virtualq.%s owner to virtualq_maintainer', restricted);
        execute 'set local role virtualq_maintainer';
        execute format('grant execute on function virtualq.%s to %I', restricted, installer);
        execute format('set local role %I', installer);
    end loop;
end
$owner$;
revoke create on schema virtualq from virtualq_maintainer;
