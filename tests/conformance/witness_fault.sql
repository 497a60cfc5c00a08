-- name: add_account
insert into virtualq.Account (name)
values ('Witness tests')
returning id

-- name: add_tenant
insert into virtualq.Tenant (account_id, name)
values (%(account_id)s, 'tenant')
returning id

-- name: add_queue
insert into virtualq.Queue (tenant_id, name)
values (%(tenant_id)s, 'queue')
returning id

-- name: add_employee
insert into virtualq.Employee (tenant_id, name)
values (%(tenant_id)s, 'employee')
returning id

-- name: find_order
select y.id
  from virtualq.TypeDefinition as y
 where y.type_code = 'order'

-- name: free_queue
alter table virtualq.Ticket drop constraint ticket_queue_fkey

-- name: stray
update virtualq.Ticket
   set queue_id = %(queue_id)s
 where id = %(ticket_id)s

-- name: count_from_afar
-- As a seeder does that brings ids of its own: the sequence begins anew and knows nothing of the rows.
alter sequence virtualq.ticketstatehistory_id_seq restart with 1000
