-- name: list_tickets
-- A reference whose row is not found within the tenant leads out of it.
select t.id, t.type_scope, t.type_definition_id, t.current_state, t.version, t.closed_at is not null,
       t.queue_id, t.customer_id, t.employee_id,
       q.id is null,
       t.customer_id is not null and c.uid is null,
       t.employee_id is not null and e.id is null
  from virtualq.Ticket as t
  left join virtualq.Queue as q
    on q.tenant_id = t.tenant_id
   and q.id = t.queue_id
  left join virtualq.Customer as c
    on c.tenant_id = t.tenant_id
   and c.uid = t.customer_id
  left join virtualq.Employee as e
    on e.tenant_id = t.tenant_id
   and e.id = t.employee_id
 where t.tenant_id = %(tenant_id)s

-- name: list_steps
-- Whoever claims names the operation in the actor.
select h.ticket_id, h.seq, h.revision, h.from_state, h.to_state, h.transition_name,
       coalesce(
           substring(h.actor from '^operation ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$')::uuid, h.operation_id
       )
  from virtualq.TicketStateHistory as h
 where h.tenant_id = %(tenant_id)s
 order by h.ticket_id, h.seq, h.id

-- name: list_revisions
select r.scope, r.type_definition_id, r.revision, r.initial_state, r.fsm_compiled, r.state_mapping
  from virtualq.TypeDefinitionRevision as r
 where r.scope = %(tenant_id)s

-- name: list_current_revisions
select y.scope, y.id, y.revision
  from virtualq.TypeDefinition as y
 where y.scope = %(tenant_id)s

-- name: count_rows
-- What a tenant that is gone must not leave behind.
select w.what, w.rows
  from (
    select 'Tenant' as what, count(*) as rows from virtualq.Tenant as t where t.id = %(tenant_id)s
    union all select 'Queue', count(*) from virtualq.Queue as q where q.tenant_id = %(tenant_id)s
    union all select 'Customer', count(*) from virtualq.Customer as c where c.tenant_id = %(tenant_id)s
    union all select 'Employee', count(*) from virtualq.Employee as e where e.tenant_id = %(tenant_id)s
    union all select 'TypeDefinition', count(*) from virtualq.TypeDefinition as y where y.scope = %(tenant_id)s
    union all
    select 'TypeDefinitionRevision', count(*)
      from virtualq.TypeDefinitionRevision as r
     where r.scope = %(tenant_id)s
    union all select 'Ticket', count(*) from virtualq.Ticket as t where t.tenant_id = %(tenant_id)s
    union all select 'TicketItem', count(*) from virtualq.TicketItem as i where i.tenant_id = %(tenant_id)s
    union all
    select 'TicketStateHistory', count(*)
      from virtualq.TicketStateHistory as h
     where h.tenant_id = %(tenant_id)s
  ) as w
 where w.rows > 0

-- name: find_violations
select v.rule, v.tenant_id, v.ticket_id, v.detail
  from virtualq.find_violations() as v
 where v.tenant_id = any (%(tenant_ids)s)
