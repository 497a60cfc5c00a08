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

-- name: add_account
insert into virtualq.Account (name) values ('Empty') returning id

-- name: add_tenant
insert into virtualq.Tenant (account_id, name) values (%(account_id)s, 'Empty')

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
