-- name: start
select t.seq from virtualq.transition_ticket(%(tenant_id)s, %(ticket_id)s, 'start') as t

-- name: delete_customer
delete from virtualq.Customer as c where c.tenant_id = %(tenant_id)s and c.uid = %(id)s

-- name: delete_employee
delete from virtualq.Employee as e where e.tenant_id = %(tenant_id)s and e.id = %(id)s

-- name: find_people
select t.customer_id, t.employee_id from virtualq.Ticket as t where t.tenant_id = %(tenant_id)s and t.id = %(id)s

-- name: purge
select virtualq.purge_history(%(tenant_id)s, now() + interval '1 hour')

-- name: off_board
select virtualq.off_board_tenant(%(tenant_id)s)

-- name: list_types_without_revision
select t.id
  from virtualq.TypeDefinition as t
 where not exists (
           select from virtualq.TypeDefinitionRevision as r
            where r.scope = t.scope and r.type_definition_id = t.id and r.revision = t.revision
       )

-- name: find_busiest
select t.tenant_id, t.queue_id, y.id, (select max(m.id) from virtualq.Ticket as m)
  from virtualq.Ticket as t
 cross join virtualq.TypeDefinition as y
 where y.scope = 0 and y.type_code = 'order'
 order by t.id desc
 limit 1

-- name: grow_older
create or replace function pg_catalog.citus_version() returns text
language sql as $$ select 'Citus 12.1.6 on x86_64' $$

-- name: raise_as_a_part_would
do $$
begin
    raise exception using errcode = 'check_violation', constraint = 'ticket_custom_data_is_object_102041',
        message = 'new row for relation "ticket_102041" violates check constraint';
end
$$
