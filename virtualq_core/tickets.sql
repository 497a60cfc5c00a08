-- name: create_ticket
select c.ticket_id as id, c.extid, c.current_state as state, c.replayed
  from virtualq.create_ticket(
           tenant_id => %(tenant_id)s,
           queue_id => %(queue_id)s,
           type_definition_id => %(type_definition_id)s,
           custom_data => %(custom_data)s,
           customer_id => %(customer_id)s,
           employee_id => %(employee_id)s,
           ttl_minutes => %(ttl_minutes)s,
           items => %(items)s,
           actor => %(actor)s,
           metadata => %(metadata)s,
           operation_id => %(operation_id)s,
           revision => %(revision)s
       ) as c

-- name: transition_ticket
select t.seq, t.from_state, t.to_state, t.revision, t.replayed
  from virtualq.transition_ticket(
           tenant_id => %(tenant_id)s,
           ticket_id => %(ticket_id)s,
           transition => %(transition)s,
           expected_state => %(expected_state)s,
           expected_version => %(expected_version)s,
           actor => %(actor)s,
           metadata => %(metadata)s,
           operation_id => %(operation_id)s
       ) as t

-- name: transition_tickets
select o.ticket_id, o.outcome, o.seq, o.from_state, o.to_state
  from virtualq.transition_tickets(
           tenant_id => %(tenant_id)s,
           ticket_ids => %(ticket_ids)s::bigint[],
           transition => %(transition)s,
           actor => %(actor)s,
           metadata => %(metadata)s,
           operation_ids => %(operation_ids)s::uuid[]
       ) as o

-- name: claim_next_ticket
select c.ticket_id, c.extid, c.current_state as state, c.leased_until
  from virtualq.claim_next_ticket(
           tenant_id => %(tenant_id)s,
           queue_id => %(queue_id)s,
           state => %(state)s,
           employee_id => %(employee_id)s,
           lease => coalesce(%(lease)s, interval '5 minutes'),
           transition => %(transition)s,
           actor => %(actor)s
       ) as c
 where c.ticket_id is not null

-- name: list_history
select h.seq, h.revision, h.from_state, h.to_state, h.transition_name, h.actor, h.metadata, h.operation_id,
       h.occurred_at
  from virtualq.TicketStateHistory as h
 where h.tenant_id = %(tenant_id)s
   and h.ticket_id = %(ticket_id)s
 order by h.seq

-- name: expire_tickets
select e.ticket_id
  from virtualq.expire_tickets(
           tenant_id => %(tenant_id)s,
           at => coalesce(%(at)s, now()),
           batch => %(batch)s
       ) as e (ticket_id)

-- name: refresh_waits
select virtualq.refresh_waits(
    tenant_id => %(tenant_id)s,
    at => coalesce(%(at)s, now()),
    window_length => coalesce(%(window)s, interval '1 hour')
)
