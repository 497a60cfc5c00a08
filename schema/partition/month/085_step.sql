-- Finding a step of the history by way of its key, which says in which month it is. Functions of one statement are read
-- into the query that calls them, so they cost it nothing.

-- The month comes from a sub-select: a join would leave the planner free to search the months first.
create function virtualq.find_step(tenant_id integer, ticket_id bigint, seq integer)
returns setof virtualq.TicketStateHistory
language sql stable
begin atomic
    select h.*
      from virtualq.TicketStateHistory as h
     where h.tenant_id = find_step.tenant_id
       and h.ticket_id = find_step.ticket_id
       and h.seq = find_step.seq
       and h.occurred_at = (
               select k.occurred_at
                 from virtualq.TicketStateHistoryKey as k
                where k.tenant_id = find_step.tenant_id
                  and k.ticket_id = find_step.ticket_id
                  and k.seq = find_step.seq
           );
end;

-- The step that an operation took, if it has been done and its month is not detached.
create function virtualq.find_operation(tenant_id integer, operation_id uuid)
returns setof virtualq.TicketStateHistory
language sql stable
begin atomic
    select h.*
      from virtualq.TicketStateHistoryKey as k
      join virtualq.TicketStateHistory as h
        on h.tenant_id = k.tenant_id
       and h.ticket_id = k.ticket_id
       and h.seq = k.seq
       and h.occurred_at = k.occurred_at
     where k.tenant_id = find_operation.tenant_id
       and k.operation_id = find_operation.operation_id;
end;

-- The last step of what has been detached of a ticket's history: what is here of it begins with the step after.
create function virtualq.list_detached_steps()
returns table (tenant_id integer, ticket_id bigint, seq integer, to_state varchar(32))
language sql stable
begin atomic
    select distinct on (d.tenant_id, d.ticket_id) d.tenant_id, d.ticket_id, d.seq, d.to_state
      from virtualq.DetachedStep as d
     order by d.tenant_id, d.ticket_id, d.seq desc;
end;

-- What must hold in this layout beyond what find_violations() asks everywhere: steps and keys are the same ones.
create function virtualq.list_layout_violations()
returns table (rule text, tenant_id integer, ticket_id bigint, detail text)
language sql stable
begin atomic
    select 'step-has-its-key', coalesce(h.tenant_id, k.tenant_id), coalesce(h.ticket_id, k.ticket_id),
           format('seq %s is in %s alone', coalesce(h.seq, k.seq),
               case when k.seq is null then 'TicketStateHistory' else 'TicketStateHistoryKey' end)
      from virtualq.TicketStateHistory as h
      full join virtualq.TicketStateHistoryKey as k
        on k.tenant_id = h.tenant_id
       and k.ticket_id = h.ticket_id
       and k.seq = h.seq
       and k.operation_id = h.operation_id
       and k.occurred_at = h.occurred_at
     where k.seq is null
        or h.seq is null
       and not exists (
               select
                 from virtualq.DetachedStep as d
                where d.tenant_id = k.tenant_id
                  and d.ticket_id = k.ticket_id
                  and d.seq >= k.seq
           );
end;
