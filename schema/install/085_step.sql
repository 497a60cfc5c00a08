-- Finding a step of the history. In a file of its own, because layouts that spread the history otherwise find it
-- otherwise. Functions of one statement are read into the query that calls them, so they cost it nothing.

create function virtualq.find_step(tenant_id integer, ticket_id bigint, seq integer)
returns setof virtualq.TicketStateHistory
language sql stable
begin atomic
    select h.*
      from virtualq.TicketStateHistory as h
     where h.tenant_id = find_step.tenant_id
       and h.ticket_id = find_step.ticket_id
       and h.seq = find_step.seq;
end;

-- The step that an operation took, if it has been done.
create function virtualq.find_operation(tenant_id integer, operation_id uuid)
returns setof virtualq.TicketStateHistory
language sql stable
begin atomic
    select h.*
      from virtualq.TicketStateHistory as h
     where h.tenant_id = find_operation.tenant_id
       and h.operation_id = find_operation.operation_id;
end;

-- The last step of what has been detached of a ticket's history: what is here of it begins with the step after. No
-- history is detached here.
create function virtualq.list_detached_steps()
returns table (tenant_id integer, ticket_id bigint, seq integer, to_state varchar(32))
language sql stable
begin atomic
    select null::integer, null::bigint, null::integer, null::varchar(32)
     where false;
end;

-- What must hold in this layout beyond what find_violations() asks everywhere.
create function virtualq.list_layout_violations()
returns table (rule text, tenant_id integer, ticket_id bigint, detail text)
language sql stable
begin atomic
    select null::text, null::integer, null::bigint, null::text
     where false;
end;
