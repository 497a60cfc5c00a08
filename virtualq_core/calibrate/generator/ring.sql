-- name: add_ring_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, is_system_defined)
values (null, 'ring', 'States in a ring', %(machine)s, true)
returning id

-- name: add_ring_queue
with account as (
    insert into virtualq.Account (name)
    values ('Ring')
    returning id
),
tenant as (
    insert into virtualq.Tenant (account_id, name)
    select a.id, 'Ring'
      from account as a
    returning id
)
insert into virtualq.Queue (tenant_id, name)
select t.id, 'Ring'
  from tenant as t
returning tenant_id, id

-- name: add_ring_tickets
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id)
select %(tenant_id)s, %(queue_id)s, %(type_id)s
  from generate_series(1, %(tickets)s)

-- name: find_ring_range
select min(t.id) as first_id, max(t.id) as last_id
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s

-- name: settle_ring
vacuum analyze virtualq.Ticket, virtualq.TicketStateHistory
