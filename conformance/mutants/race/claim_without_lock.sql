-- A claim reads which ticket is next before it locks it, so that rivals take the same one.
-- breaks: CON-002
create or replace function virtualq.claim_next_ticket(
    tenant_id integer, queue_id integer, state text, employee_id integer, lease interval default '5 minutes',
    transition text default null, actor text default null, at timestamptz default now(),
    out ticket_id bigint, out extid uuid, out current_state text, out leased_until timestamptz
)
language plpgsql
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    select t.id into ticket_id
      from virtualq.Ticket as t
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.queue_id = claim_next_ticket.queue_id
       and t.current_state = state
       and t.closed_at is null
       and (t.leased_until is null or t.leased_until <= at)
     order by t.created_at, t.id
     limit 1;
    update virtualq.Ticket as t
       set employee_id = claim_next_ticket.employee_id,
           leased_until = at + lease,
           transition_name = transition,
           transition_actor = case when transition is not null then actor end
     where t.tenant_id = claim_next_ticket.tenant_id
       and t.id = claim_next_ticket.ticket_id
    returning t.id, t.extid, t.current_state, t.leased_until
         into ticket_id, extid, current_state, leased_until;
end
$$;
