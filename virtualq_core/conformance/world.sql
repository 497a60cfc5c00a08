-- name: add_account
insert into virtualq.Account (name) values (%(name)s) returning id

-- name: claim_account
-- Held by the session for as long as the suite runs; the server lets go of it when the session ends, however it ends.
select pg_try_advisory_lock(%(key)s, %(account_id)s)

-- name: find_accounts
select a.id
  from virtualq.Account as a
 where a.name = %(name)s
 order by a.id

-- name: find_tenants
select t.id
  from virtualq.Tenant as t
 where t.account_id = %(account_id)s
 order by t.id

-- name: delete_account
delete from virtualq.Account as a where a.id = %(account_id)s

-- name: off_board_tenant
select virtualq.off_board_tenant(%(tenant_id)s)

-- name: add_tenant
insert into virtualq.Tenant (account_id, name) values (%(account_id)s, %(name)s) returning id

-- name: add_queue
insert into virtualq.Queue (tenant_id, name) values (%(tenant_id)s, %(name)s) returning id

-- name: add_customer
insert into virtualq.Customer (tenant_id, name) values (%(tenant_id)s, %(name)s) returning uid

-- name: add_employee
insert into virtualq.Employee (tenant_id, name) values (%(tenant_id)s, %(name)s) returning id

-- name: publish_type
select virtualq.publish_type(%(type_definition_id)s, %(fsm_schema)s, %(custom_fields_schema)s, %(state_mapping)s)

-- name: add_ticket
insert into virtualq.Ticket (queue_id, type_definition_id, customer_id, employee_id, custom_data, ttl_minutes)
values (%(queue_id)s, %(type_definition_id)s, %(customer_id)s, %(employee_id)s, %(custom_data)s, %(ttl_minutes)s)
returning id

-- name: check_constraints_now
set constraints all immediate

-- name: take_transition
select t.seq, t.to_state from virtualq.transition_ticket(%(tenant_id)s, %(ticket_id)s, %(name)s) as t

-- name: find_ticket
select t.id, t.extid, t.tenant_id, t.queue_id, t.type_definition_id, t.version, t.current_state, t.customer_id,
       t.employee_id, t.estimated_wait_minutes, t.ttl_minutes, t.custom_data, t.created_at, t.closed_at, t.leased_until
  from virtualq.Ticket as t
 where t.id = %(ticket_id)s

-- name: list_history
select h.seq, h.revision, h.from_state, h.to_state, h.transition_name, h.actor, h.metadata, h.operation_id,
       h.occurred_at
  from virtualq.TicketStateHistory as h
 where h.ticket_id = %(ticket_id)s
 order by h.seq
