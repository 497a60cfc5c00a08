-- name: define_type
insert into virtualq.TypeDefinition as t (tenant_id, type_code, type_name, fsm_schema)
values (%(tenant_id)s, %(type_code)s, 'Hardening', %(fsm_schema)s)
returning t.id

-- name: insert_foreign_ticket
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, current_state, transition_operation_id)
values (%(tenant_id)s, %(queue_id)s, %(type_id)s, %(state)s, %(operation_id)s)

-- name: read_something
select count(*) from virtualq.Ticket

-- name: publish_machine
select virtualq.publish_type(%(id)s, fsm_schema => %(fsm_schema)s)

-- name: publish_fields
select virtualq.publish_type(%(id)s, custom_fields_schema => '{}')

-- name: create_ticket
select c.ticket_id, c.replayed
  from virtualq.create_ticket(
           tenant_id => %(tenant_id)s,
           queue_id => %(queue_id)s,
           type_definition_id => %(type_id)s,
           operation_id => %(operation_id)s,
           revision => %(revision)s
       ) as c

-- name: purge_history
select virtualq.purge_history(%(tenant_id)s, now() + interval '1 day')

-- name: off_board
select virtualq.off_board_tenant(%(tenant_id)s)

-- name: lock_history
select h.seq from virtualq.TicketStateHistory as h where h.ticket_id = %(id)s for update

-- name: set_rate
update virtualq.Queue set served_per_minute = 1

-- name: rename_customer
update virtualq.Customer set name = 'Hopper' where uid = %(id)s

-- name: delete_customer
delete from virtualq.Customer where uid = %(id)s

-- name: write_queue
update virtualq.Queue set name = 'renamed' where tenant_id = %(tenant_id)s

-- name: write_employee
update virtualq.Employee set name = 'renamed' where tenant_id = %(tenant_id)s

-- name: write_customer
update virtualq.Customer set name = 'renamed' where tenant_id = %(tenant_id)s

-- name: write_tenant
update virtualq.Tenant set name = 'renamed' where id = %(tenant_id)s

-- name: write_type
update virtualq.TypeDefinition set type_name = 'renamed' where tenant_id = %(tenant_id)s

-- name: write_item
update virtualq.TicketItem set quantity = quantity + 1 where tenant_id = %(tenant_id)s

-- name: add_customer
insert into virtualq.Customer (tenant_id, name) values (%(tenant_id)s, 'Katherine')

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) select t.id, 'Bagel' from virtualq.Ticket as t

-- name: write_ticket
update virtualq.Ticket set ttl_minutes = 5 where tenant_id = %(tenant_id)s

-- name: claim_without_times
select c.ticket_id
  from virtualq.claim_next_ticket(
           tenant_id => %(tenant_id)s,
           queue_id => %(queue_id)s,
           state => %(state)s,
           employee_id => null,
           lease => null,
           at => null
       ) as c

-- name: find_violations
select v.rule, v.detail from virtualq.find_violations() as v

-- name: find_blocked
select cardinality(pg_blocking_pids(%(pid)s)) > 0
