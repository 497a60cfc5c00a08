-- Where the functions look a step of the history up: by its key, which says in which month it is. It shows a caller
-- what the tables show that caller.
--
-- `offset 0` keeps the planner from searching every month first and asking for the key afterwards.
create view virtualq.TicketStep with (security_invoker = true) as
select k.tenant_id, k.ticket_id, k.seq, k.operation_id, s.revision, s.from_state, s.to_state, s.transition_name
  from virtualq.TicketStateHistoryKey as k
 cross join lateral (
           select h.revision, h.from_state, h.to_state, h.transition_name
             from virtualq.TicketStateHistory as h
            where h.tenant_id = k.tenant_id
              and h.ticket_id = k.ticket_id
              and h.seq = k.seq
              and h.occurred_at = k.occurred_at
           offset 0
       ) as s;

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
