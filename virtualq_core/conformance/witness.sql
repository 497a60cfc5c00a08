-- name: become_maintainer
-- Row security shows all tenants to nobody else.
set local role virtualq_maintainer

-- name: mark_history
-- Rows with a greater id come later. The sequence would be quicker to ask, but whoever fills the table with ids of their
-- own may leave it behind.
select coalesce(max(h.id), 0)
  from virtualq.TicketStateHistory as h
 where %(tenant_ids)s::integer[] is null
    or h.tenant_id = any (%(tenant_ids)s)

-- name: list_current_revisions
select t.scope, t.id, t.revision
  from virtualq.TypeDefinition as t
 where %(tenant_ids)s::integer[] is null
    or t.scope = any (0 || %(tenant_ids)s::integer[])

-- name: list_revisions
select r.scope, r.type_definition_id, r.revision, r.initial_state, r.fsm_compiled, r.state_mapping
  from virtualq.TypeDefinitionRevision as r
 where %(tenant_ids)s::integer[] is null
    or r.scope = any (0 || %(tenant_ids)s::integer[])

-- name: list_touched_tickets
-- Tickets whose history grew, whether anybody says that he did it or not. Reads the whole history of the tenants once.
select distinct h.tenant_id, h.ticket_id
  from virtualq.TicketStateHistory as h
 where h.id > %(mark)s
   and (%(tenant_ids)s::integer[] is null or h.tenant_id = any (%(tenant_ids)s))
 order by h.tenant_id, h.ticket_id

-- name: list_steps
select h.tenant_id, h.ticket_id, h.seq, h.revision, h.from_state, h.to_state, h.transition_name,
       coalesce(
           substring(h.actor from '^operation ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$')::uuid, h.operation_id
       ),
       h.id > %(mark)s
  from unnest(%(tenant_ids)s::integer[], %(ticket_ids)s::bigint[]) as w (tenant_id, ticket_id)
  join virtualq.TicketStateHistory as h
    on h.tenant_id = w.tenant_id
   and h.ticket_id = w.ticket_id
 order by h.tenant_id, h.ticket_id, h.seq, h.id

-- name: list_tickets
-- A reference whose row is not found within the ticket's tenant leads out of it.
select t.tenant_id, t.id, t.type_scope, t.type_definition_id, t.current_state, t.version,
       q.id is null,
       t.customer_id is not null and c.uid is null,
       t.employee_id is not null and e.id is null
  from unnest(%(tenant_ids)s::integer[], %(ticket_ids)s::bigint[]) as w (tenant_id, ticket_id)
  join virtualq.Ticket as t
    on t.tenant_id = w.tenant_id
   and t.id = w.ticket_id
  left join virtualq.Queue as q
    on q.tenant_id = t.tenant_id
   and q.id = t.queue_id
  left join virtualq.Customer as c
    on c.tenant_id = t.tenant_id
   and c.uid = t.customer_id
  left join virtualq.Employee as e
    on e.tenant_id = t.tenant_id
   and e.id = t.employee_id

-- name: find_violations
select v.rule, v.tenant_id, v.ticket_id, v.detail
  from virtualq.find_violations() as v
 limit %(most)s
