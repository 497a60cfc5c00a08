-- Where the functions look a step of the history up, by its number or by its operation. In a file of its own, because
-- layouts that spread the history find it another way. It shows a caller what the table shows that caller.
create view virtualq.TicketStep with (security_invoker = true) as
select h.tenant_id, h.ticket_id, h.seq, h.operation_id, h.revision, h.from_state, h.to_state, h.transition_name
  from virtualq.TicketStateHistory as h;

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
