-- name: list_columns
-- The design document's tables and columns, and which of them are missing.
select d.name
  from unnest(%(names)s::text[]) as d (name)
 where not exists (
           select from pg_attribute as a
            where a.attrelid = to_regclass('virtualq.' || split_part(d.name, '.', 1))
              and a.attname = split_part(d.name, '.', 2)
              and not a.attisdropped
       )
 order by d.name

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) values (%(ticket_id)s, 'tea')

-- name: count_items
select count(*) from virtualq.TicketItem as i where i.ticket_id = %(ticket_id)s

-- name: purge
select virtualq.purge_history(%(tenant_id)s, 'infinity')

-- name: add_customer
insert into virtualq.Customer (tenant_id, name) values (%(tenant_id)s, 'Eve') returning uid

-- name: add_employee
insert into virtualq.Employee (tenant_id, name) values (%(tenant_id)s, 'Bob') returning id

-- name: delete_customer
delete from virtualq.Customer where uid = %(customer_id)s

-- name: delete_employee
delete from virtualq.Employee where id = %(employee_id)s

-- name: count_account
select count(*) from virtualq.Account as a where a.id = %(account_id)s

-- name: count_remains
-- Rows of a tenant that are left anywhere.
select (select count(*) from virtualq.Tenant as t where t.id = %(gone)s)
     + (select count(*) from virtualq.Queue as q where q.tenant_id = %(gone)s)
     + (select count(*) from virtualq.Customer as c where c.tenant_id = %(gone)s)
     + (select count(*) from virtualq.Employee as e where e.tenant_id = %(gone)s)
     + (select count(*) from virtualq.TypeDefinition as y where y.scope = %(gone)s)
     + (select count(*) from virtualq.TypeDefinitionRevision as r where r.scope = %(gone)s)
     + (select count(*) from virtualq.Ticket as t where t.tenant_id = %(gone)s)
     + (select count(*) from virtualq.TicketItem as i where i.tenant_id = %(gone)s)
     + (select count(*) from virtualq.TicketStateHistory as h where h.tenant_id = %(gone)s) as remains

-- name: off_board
select virtualq.off_board_tenant(%(gone)s)

-- name: find_violations
select v.rule, v.ticket_id, v.detail
  from virtualq.find_violations() as v
 where v.tenant_id = any (%(tenant_ids)s)
 order by v.rule

-- Rows that something in use refers to.

-- name: delete_used_queue
delete from virtualq.Queue where id = %(queue_id)s

-- name: delete_used_type
delete from virtualq.TypeDefinition where id = %(type_id)s

-- name: delete_used_tenant
delete from virtualq.Tenant where id = %(tenant_id)s

-- name: delete_used_account
delete from virtualq.Account where id = %(account_id)s

-- Values that make no sense, with the CHECK that says so.

-- name: break_ticket_ttl_is_positive
update virtualq.Ticket set ttl_minutes = 0 where id = %(ticket_id)s

-- name: break_ticket_wait_is_not_negative
update virtualq.Ticket set estimated_wait_minutes = -1 where id = %(ticket_id)s

-- name: break_ticketitem_quantity_is_positive
insert into virtualq.TicketItem (ticket_id, name, quantity) values (%(ticket_id)s, 'tea', 0)

-- name: break_queue_rate_is_positive
update virtualq.Queue set served_per_minute = 0 where id = %(queue_id)s

-- name: break_tenant_configuration_is_object
update virtualq.Tenant set configuration = '[]' where id = %(tenant_id)s

-- What an audit must find, written while nothing enforces.

-- name: silence_tickets
alter table virtualq.Ticket disable trigger user

-- name: silence_history
alter table virtualq.TicketStateHistory disable trigger user

-- name: corrupt_history_starts_at_initial_state
update virtualq.TicketStateHistory set to_state = 'ready' where ticket_id = %(ticket_id)s and seq = 1

-- name: corrupt_history_is_gapless
update virtualq.TicketStateHistory set seq = 9 where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_history_is_a_path
update virtualq.TicketStateHistory set from_state = 'ready' where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_transition_is_legal
update virtualq.TicketStateHistory set transition_name = 'pickup' where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_ticket_agrees_with_history
update virtualq.Ticket set version = 2 where id = %(ticket_id)s

-- name: corrupt_ticket_state_is_in_machine
update virtualq.Ticket set current_state = 'nowhere' where id = %(ticket_id)s

-- name: corrupt_ticket_closes_in_terminal_state
update virtualq.Ticket set closed_at = now() where id = %(ticket_id)s
