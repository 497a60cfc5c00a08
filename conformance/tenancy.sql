-- name: list_owned_tables
-- Every table that a tenant owns rows of, with the column that says whose they are. Enumerated from the catalogue, so
-- that a new table is held to the rules by itself.
select c.relname as "table",
       a.attname as "column",
       c.relrowsecurity as is_secured,
       c.relforcerowsecurity as is_forced,
       a.attnotnull as is_mandatory
  from pg_class as c
  join pg_attribute as a
    on a.attrelid = c.oid
   and a.attnum > 0
   and not a.attisdropped
   and a.attname = case
           when c.relname = 'tenant' then 'id'
           when exists (
               select from pg_attribute as s where s.attrelid = c.oid and s.attname = 'scope' and not s.attisdropped
           ) then 'scope'
           else 'tenant_id'
       end
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p')
 order by c.relname

-- name: list_other_tables
-- The tables that no tenant owns rows of.
select c.relname as "table"
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p')
   and c.relname <> 'tenant'
   and not exists (
           select from pg_attribute as a
            where a.attrelid = c.oid and a.attname in ('tenant_id', 'scope') and not a.attisdropped
       )
 order by c.relname

-- name: count_rows
select count(*) from virtualq.{table} where {column} <> 0

-- name: count_tenants
select count(distinct {column}) from virtualq.{table} where {column} = any (%(tenants)s)

-- name: list_tenants_seen
select array_agg(distinct {column} order by {column}) from virtualq.{table} where {column} <> 0

-- name: read_table
select count(*) from virtualq.{table}

-- name: list_loose_references
-- Foreign keys between tenants' rows that do not carry the tenant on both sides, or carry it in a column that may be
-- null: MATCH SIMPLE would not check such a row.
select k.conname
  from pg_constraint as k
  join pg_class as c on c.oid = k.conrelid
  join pg_class as r on r.oid = k.confrelid
 where k.contype = 'f'
   and k.connamespace = 'virtualq'::regnamespace
   and r.relname not in ('account', 'tenant')
   and not exists (
           select
             from unnest(k.conkey, k.confkey) as p (own, other)
             join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = p.own
             join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = p.other
            where a.attname in ('tenant_id', 'scope', 'type_scope')
              and b.attname in ('tenant_id', 'scope')
              and a.attnotnull
       )
 order by k.conname

-- name: find_role
-- What the application's role is, and whether it owns anything here.
select r.rolsuper, r.rolbypassrls, r.rolcreaterole,
       pg_has_role('virtualq_app', 'virtualq_maintainer', 'member') as is_maintainer,
       exists (
           select from pg_class as c where c.relnamespace = 'virtualq'::regnamespace and c.relowner = r.oid
       ) or exists (
           select from pg_proc as p where p.pronamespace = 'virtualq'::regnamespace and p.proowner = r.oid
       ) as is_owner
  from pg_roles as r
 where r.rolname = 'virtualq_app'

-- name: list_open_functions
-- Functions with their owner's rights that do not pin their search_path, or that everybody may run.
select p.oid::regprocedure::text as function
  from pg_proc as p
 where p.pronamespace = 'virtualq'::regnamespace
   and p.prosecdef
   and (
       not exists (select from unnest(p.proconfig) as s (setting) where s.setting like 'search_path=%%pg_catalog%%')
       or exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0)
   )
 order by 1

-- name: list_open_views
-- Views show their owner's rows unless they say that they are the invoker's; materialized views always do.
select c.relname
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and (
       c.relkind = 'm'
       or c.relkind = 'v' and not coalesce('security_invoker=true' = any (c.reloptions), false)
   )

-- name: read_setting
select nullif(current_setting('virtualq.tenant_id', true), '') as tenant

-- name: count_visible
select count(*) as tickets from virtualq.Ticket

-- name: find_ticket_by_id
select t.id from virtualq.Ticket as t where t.id = %(ticket_id)s

-- name: find_system_type
select t.id from virtualq.TypeDefinition as t where t.scope = 0 order by t.id limit 1

-- name: search_tickets
select s.ticket_id from virtualq.search_tickets(%(tenant_id)s, '{}', 1000000) as s

-- name: transition_for
select virtualq.transition_ticket(%(other)s, %(ticket_id)s, 'start')

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) values (%(ticket_id)s, 'tea') returning tenant_id

-- name: insert_ticket_without_tenant
insert into virtualq.Ticket (queue_id, type_definition_id, current_state)
values (%(queue_id)s, %(type_id)s, 'received')
returning tenant_id

-- Writes into another tenant, by somebody who sees one of the two.

-- name: plant_queue
insert into virtualq.Queue (tenant_id, name) values (%(victim)s, 'planted')

-- name: plant_customer
insert into virtualq.Customer (tenant_id, name) values (%(victim)s, 'planted')

-- name: plant_employee
insert into virtualq.Employee (tenant_id, name) values (%(victim)s, 'planted')

-- name: plant_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema)
values (%(victim)s, 'planted', 'planted', '{"init": "a"}')

-- name: plant_system_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, is_system_defined)
values (null, 'planted', 'planted', '{"init": "a"}', true)

-- name: plant_ticket
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id)
values (%(victim)s, %(victim_queue)s, %(victim_type)s)

-- name: plant_item
insert into virtualq.TicketItem (tenant_id, ticket_id, name) values (%(victim)s, %(victim_ticket)s, 'planted')

-- name: change_tenant
update virtualq.Tenant set name = 'hijacked' where id = %(victim)s

-- name: change_queue
update virtualq.Queue set name = 'hijacked' where id = %(victim_queue)s

-- name: change_customer
update virtualq.Customer set name = 'hijacked' where uid = %(victim_customer)s

-- name: change_employee
update virtualq.Employee set name = 'hijacked' where id = %(victim_employee)s

-- name: change_type
update virtualq.TypeDefinition set type_name = 'hijacked' where id = %(victim_type)s

-- name: change_system_type
update virtualq.TypeDefinition set type_name = 'hijacked' where scope = 0

-- name: change_ticket
update virtualq.Ticket set ttl_minutes = 1 where id = %(victim_ticket)s

-- name: change_item
update virtualq.TicketItem set name = 'hijacked' where ticket_id = %(victim_ticket)s

-- name: change_delete_queue
delete from virtualq.Queue where id = %(victim_queue)s

-- name: change_delete_customer
delete from virtualq.Customer where uid = %(victim_customer)s

-- name: change_delete_employee
delete from virtualq.Employee where id = %(victim_employee)s

-- name: change_delete_type
delete from virtualq.TypeDefinition where id = %(victim_type)s

-- name: change_delete_item
delete from virtualq.TicketItem where ticket_id = %(victim_ticket)s

-- References into another tenant, by somebody who sees both.

-- name: refer_to_queue
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id) values (%(own)s, %(victim_queue)s, %(own_type)s)

-- name: refer_to_type
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id) values (%(own)s, %(own_queue)s, %(victim_type)s)

-- name: refer_to_customer
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, customer_id)
values (%(own)s, %(own_queue)s, %(own_type)s, %(victim_customer)s)

-- name: refer_to_employee
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, employee_id)
values (%(own)s, %(own_queue)s, %(own_type)s, %(victim_employee)s)

-- name: refer_to_ticket
insert into virtualq.TicketItem (tenant_id, ticket_id, name) values (%(own)s, %(victim_ticket)s, 'tea')

-- name: refer_by_moving_to_queue
update virtualq.Ticket set queue_id = %(victim_queue)s where id = %(own_ticket)s

-- name: refer_by_assigning_employee
update virtualq.Ticket set employee_id = %(victim_employee)s where id = %(own_ticket)s

-- name: refer_by_naming_customer
update virtualq.Ticket set customer_id = %(victim_customer)s where id = %(own_ticket)s

-- What is the owner's alone.

-- name: escape_by_purge
select virtualq.purge_history(%(own)s, now())

-- name: escape_by_off_boarding
select virtualq.off_board_tenant(%(own)s)

-- name: escape_by_audit
select count(*) from virtualq.find_violations()

-- name: escape_by_disabled_policy
alter table virtualq.Ticket no force row level security
