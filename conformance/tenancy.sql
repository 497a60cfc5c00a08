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
       or c.relkind = 'v' and not coalesce(c.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
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

-- name: search_tickets_by_path
select s.ticket_id from virtualq.search_tickets_by_path(%(tenant_id)s, '$', 1000000) as s

-- name: transition_for
select virtualq.transition_ticket(%(other)s, %(ticket_id)s, 'start')

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) values (%(ticket_id)s, 'tea') returning tenant_id

-- name: insert_ticket_without_tenant
insert into virtualq.Ticket (queue_id, type_definition_id, current_state)
values (%(queue_id)s, %(type_id)s, 'received')
returning tenant_id

-- name: add_system_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, is_system_defined)
values (null, 'planted', 'planted', '{"init": "a"}', true)

-- name: change_system_types
update virtualq.TypeDefinition set type_name = 'hijacked' where scope = 0

-- name: escape_by_purge
select virtualq.purge_history(%(tenant_id)s, now())

-- name: escape_by_off_boarding
select virtualq.off_board_tenant(%(tenant_id)s)

-- name: escape_by_audit
select count(*) from virtualq.find_violations()

-- name: escape_by_disabled_policy
alter table virtualq.Ticket no force row level security
