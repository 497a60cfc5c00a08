-- name: add_account
insert into virtualq.Account (name) values ('Corner Shops') returning id

-- name: add_tenant
insert into virtualq.Tenant (account_id, name) values (%(account_id)s, %(name)s) returning id

-- name: add_queue
insert into virtualq.Queue (tenant_id, name) values (%(tenant_id)s, 'counter') returning id

-- name: add_employee
insert into virtualq.Employee (tenant_id, name) values (%(tenant_id)s, 'Ada') returning id

-- name: add_customer
insert into virtualq.Customer (tenant_id, name) values (%(tenant_id)s, 'Grace') returning uid

-- name: find_order_type
select t.id from virtualq.TypeDefinition as t where t.scope = 0 and t.type_code = 'order'

-- name: complete_ticket
update virtualq.ticket set current_state = 'completed' where id = %(id)s

-- name: start_ticket
update virtualq.ticket set current_state = 'in_progress' where id = %(id)s

-- name: count_visible_tickets
select count(*) from virtualq.Ticket

-- name: find_ticket
select t.current_state, t.version, t.closed_at, t.estimated_wait_minutes, t.employee_id
  from virtualq.Ticket as t
 where t.id = %(id)s

-- name: list_items
select i.name, i.quantity, i.note from virtualq.TicketItem as i where i.ticket_id = %(id)s order by i.id

-- name: find_violations
select v.rule, v.detail from virtualq.find_violations() as v

-- name: disable_enforcement
alter table virtualq.Ticket disable trigger zz_ticket_transition

-- name: list_unforced_tables
select c.relname
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p')
   and c.relname <> 'installation'
   and not (c.relrowsecurity and c.relforcerowsecurity)

-- name: list_compiled_machines
select t.type_code, t.fsm_compiled from virtualq.TypeDefinition as t where t.scope = 0

-- name: insert_ticket
insert into virtualq.Ticket (queue_id, type_definition_id, current_state) values (%(queue_id)s, %(type_id)s, %(state)s)

-- name: insert_bad_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema)
values (%(tenant_id)s, 'bad', 'Bad', '{"init": "a", "transitions": [{"name": "go", "from": [], "to": "b"}]}')

-- name: list_revisions
select r.revision from virtualq.TypeDefinitionRevision as r where r.type_definition_id = %(id)s order by r.revision

-- name: forget_revisions
delete from virtualq.TypeDefinitionRevision

-- name: is_blocked
select bool_or(cardinality(pg_blocking_pids(a.pid)) > 0)
  from pg_stat_activity as a
 where a.application_name = %(application_name)s

-- name: publish_type
select virtualq.publish_type(%(id)s, %(fsm_schema)s, %(custom_fields_schema)s, %(state_mapping)s)

-- name: call_nothing
select no_such_function()
