-- What the tests of the seeder ask a seeded database. Statements that begin with find_ name what must not be there.

-- name: count_rows
select (select count(*) from virtualq.Account) as accounts,
       (select count(*) from virtualq.Tenant) as tenants,
       (select count(*) from virtualq.Queue) as queues,
       (select count(*) from virtualq.Customer) as customers,
       (select count(*) from virtualq.Employee) as employees,
       (select count(*) from virtualq.Ticket) as tickets,
       (select count(*) from virtualq.TicketItem) as items,
       (select count(*) from virtualq.TicketStateHistory) as history

-- name: digest_rows
-- Everything that is loaded, whatever its place on disk; the types' identifiers are the installer's.
select md5(string_agg(row, e'\n' order by row)) as digest
  from (
    select to_jsonb(t)::text as row from virtualq.Account as t
    union all select to_jsonb(t)::text from virtualq.Tenant as t
    union all select to_jsonb(t)::text from virtualq.Queue as t
    union all select to_jsonb(t)::text from virtualq.Customer as t
    union all select to_jsonb(t)::text from virtualq.Employee as t
    union all select to_jsonb(t)::text from virtualq.Ticket as t
    union all select to_jsonb(t)::text from virtualq.TicketItem as t
    union all select to_jsonb(t)::text from virtualq.TicketStateHistory as t
  ) as loaded (row)

-- name: count_tenant_tickets
select n.id as tenant_id, count(t.id) as tickets
  from virtualq.Tenant as n
  left join virtualq.Ticket as t on t.tenant_id = n.id
 group by n.id
 order by tickets desc

-- name: count_queue_tickets
select q.id as queue_id, q.tenant_id, count(t.id) as tickets,
       count(t.id) filter (where t.closed_at is null) as open_tickets
  from virtualq.Queue as q
  left join virtualq.Ticket as t on t.tenant_id = q.tenant_id and t.queue_id = q.id
 group by q.id, q.tenant_id
 order by q.id

-- name: list_open_of_queue
select t.current_state, t.type_definition_id, count(*) as tickets
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s
   and t.closed_at is null
 group by t.current_state, t.type_definition_id

-- name: count_types
select y.type_code, y.tenant_id, count(t.id) as tickets, count(t.closed_at) as closed,
       count(distinct t.current_state) as states
  from virtualq.TypeDefinition as y
  left join virtualq.Ticket as t on t.type_definition_id = y.id
 group by y.id, y.type_code, y.tenant_id
 order by y.id

-- name: find_wrong_times
-- Created first, then step by step, nothing after now; closed with the last step.
select t.id
  from virtualq.Ticket as t
  join (
    select h.tenant_id, h.ticket_id, min(h.occurred_at) as first_at, max(h.occurred_at) as last_at,
           array_agg(h.occurred_at order by h.seq) as by_seq,
           array_agg(h.occurred_at order by h.occurred_at, h.seq) as by_time
      from virtualq.TicketStateHistory as h
     group by h.tenant_id, h.ticket_id
  ) as h on h.tenant_id = t.tenant_id and h.ticket_id = t.id
 where t.created_at <> h.first_at
    or t.closed_at <> h.last_at
    or h.last_at > %(now)s
    or h.by_seq <> h.by_time

-- name: find_impossible_lives
-- A ticket that could have expired is still open long after its time, or has expired before it.
select t.id
  from virtualq.Ticket as t
  join virtualq.TypeDefinition as y on y.id = t.type_definition_id
  left join lateral (
    select min(h.occurred_at) as expired_at
      from virtualq.TicketStateHistory as h
     where h.tenant_id = t.tenant_id
       and h.ticket_id = t.id
       and h.transition_name = 'expire'
  ) as e on true
 where e.expired_at < t.created_at + make_interval(mins => t.ttl_minutes)
    or e.expired_at is not null and t.ttl_minutes is null
    or e.expired_at is null
       and t.closed_at > t.created_at + make_interval(mins => t.ttl_minutes)

-- name: count_overdue
select count(*) filter (where y.fsm_compiled -> t.current_state::text ? 'expire') as can_expire,
       count(*) filter (where y.fsm_compiled -> t.current_state::text ? 'expire'
           and t.created_at + make_interval(mins => t.ttl_minutes) <= %(now)s) as overdue,
       count(*) filter (where t.ttl_minutes is not null) as have_ttl
  from virtualq.Ticket as t
  join virtualq.TypeDefinition as y on y.id = t.type_definition_id
 where t.closed_at is null

-- name: find_wrong_starts
select h.ticket_id
  from virtualq.TicketStateHistory as h
  join virtualq.Ticket as t on t.tenant_id = h.tenant_id and t.id = h.ticket_id
  join virtualq.TypeDefinition as y on y.id = t.type_definition_id
 where h.seq = 1
   and (h.from_state, h.to_state, h.transition_name) is distinct from (
       coalesce(y.fsm_schema #>> '{init,from}', 'none'), y.initial_state, coalesce(y.fsm_schema #>> '{init,name}', 'init'))

-- name: find_strange_actors
-- Where an employee is named, it is the ticket's.
select h.ticket_id, h.actor, t.employee_id
  from virtualq.TicketStateHistory as h
  join virtualq.Ticket as t on t.tenant_id = h.tenant_id and t.id = h.ticket_id
 where h.actor like 'employee:%%'
   and h.actor <> 'employee:' || t.employee_id
   and %(now)s is not null

-- name: find_disorder
-- Ids follow time, as in a database that grew: tickets by creation, steps by occurrence.
select 'ticket' as what, t.id
  from (select id, created_at, lag(created_at) over (order by id) as before from virtualq.Ticket) as t
 where t.created_at < t.before

-- name: count_items
select i.items, count(*) as tickets
  from (
    select t.id, count(i.id) as items
      from virtualq.Ticket as t
      left join virtualq.TicketItem as i on i.tenant_id = t.tenant_id and i.ticket_id = t.id
     group by t.id
  ) as i
 group by i.items
 order by i.items

-- name: find_wrong_waits
-- Position among the open tickets of the queue over the queue's rate, rounded up.
select p.id
  from (
    select t.id, t.estimated_wait_minutes, q.served_per_minute, t.closed_at,
           row_number() over (partition by t.tenant_id, t.queue_id, t.closed_at is null order by t.created_at, t.id)
               as position
      from virtualq.Ticket as t
      join virtualq.Queue as q on q.tenant_id = t.tenant_id and q.id = t.queue_id
  ) as p
 where p.estimated_wait_minutes is distinct from case
       when p.closed_at is null then ceil(p.position / p.served_per_minute)::integer
   end

-- name: count_identifiers
select count(*) as identifiers, count(distinct extid) as different
  from (
    select extid from virtualq.Account
    union all select extid from virtualq.Tenant
    union all select extid from virtualq.Queue
    union all select extid from virtualq.Customer
    union all select extid from virtualq.Employee
    union all select extid from virtualq.TypeDefinition
    union all select extid from virtualq.Ticket
    union all select extid from virtualq.TicketItem
    union all select operation_id from virtualq.TicketStateHistory
  ) as u

-- name: count_custom_data
select count(*) as tickets, count(custom_data) as filled, count(distinct custom_data) as different
  from virtualq.Ticket

-- name: list_unforced
select c.relname
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind = 'r'
   and not (c.relrowsecurity and c.relforcerowsecurity)
 order by 1

-- name: list_catalogue
-- Every key, index, trigger and protection there is.
select 'constraint' as kind, conname as name, conrelid::regclass::text as owner, pg_get_constraintdef(oid) as definition,
       convalidated as is_on, obj_description(oid, 'pg_constraint') as comment
  from pg_constraint
 where connamespace = 'virtualq'::regnamespace
union all
select 'index', indexrelid::regclass::text, indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid,
       obj_description(indexrelid, 'pg_class')
  from pg_index
  join pg_class as c on c.oid = indrelid
 where c.relnamespace = 'virtualq'::regnamespace
union all
select 'trigger', tgname, tgrelid::regclass::text, pg_get_triggerdef(t.oid), tgenabled <> 'D', tgenabled::text
  from pg_trigger as t
  join pg_class as c on c.oid = t.tgrelid
 where c.relnamespace = 'virtualq'::regnamespace
   and not tgisinternal
union all
select 'table', relname, relname, relowner::regrole::text, relforcerowsecurity, relrowsecurity::text
  from pg_class
 where relnamespace = 'virtualq'::regnamespace
   and relkind = 'r'
 order by 1, 2, 3

-- name: list_identities
select t.table_name, t.following > t.highest as goes_on
  from (
    select 'ticket' as table_name, (select max(id) from virtualq.Ticket) as highest,
           nextval(pg_get_serial_sequence('virtualq.ticket', 'id')) as following
    union all select 'ticketitem', (select max(id) from virtualq.TicketItem),
           nextval(pg_get_serial_sequence('virtualq.ticketitem', 'id'))
    union all select 'ticketstatehistory', (select max(id) from virtualq.TicketStateHistory),
           nextval(pg_get_serial_sequence('virtualq.ticketstatehistory', 'id'))
    union all select 'account', (select max(id) from virtualq.Account),
           nextval(pg_get_serial_sequence('virtualq.account', 'id'))
    union all select 'tenant', (select max(id) from virtualq.Tenant),
           nextval(pg_get_serial_sequence('virtualq.tenant', 'id'))
    union all select 'queue', (select max(id) from virtualq.Queue),
           nextval(pg_get_serial_sequence('virtualq.queue', 'id'))
    union all select 'customer', (select max(uid) from virtualq.Customer),
           nextval(pg_get_serial_sequence('virtualq.customer', 'uid'))
    union all select 'employee', (select max(id) from virtualq.Employee),
           nextval(pg_get_serial_sequence('virtualq.employee', 'id'))
    union all select 'typedefinition', (select max(id) from virtualq.TypeDefinition),
           nextval(pg_get_serial_sequence('virtualq.typedefinition', 'id'))
  ) as t

-- name: find_unvacuumed
-- All-visible pages let index-only scans be what they are; a table without statistics misleads the planner.
-- The server extends a table by up to 64 pages ahead of need.
select c.relname, c.relpages, c.relallvisible
  from pg_class as c
 where c.oid in ('virtualq.ticket'::regclass, 'virtualq.ticketitem'::regclass, 'virtualq.ticketstatehistory'::regclass)
   and (c.reltuples <= 0 or c.relallvisible < c.relpages - 64)

-- name: count_sessions
-- Whoever else is connected, that this load may have left.
select count(*) as sessions
  from pg_stat_activity
 where datname = current_database()
   and pid <> pg_backend_pid()
   and backend_type = 'client backend'

-- name: list_foreign_tenants
-- What a tenant sees through the application's role.
select count(*) filter (where t.tenant_id <> %(tenant_id)s) as others, count(*) as visible
  from virtualq.Ticket as t

-- name: alter_by_hand
-- What a team may have done to its tables before they are seeded.
create index ticket_open_idx on virtualq.Ticket (tenant_id, queue_id) where closed_at is null;
comment on index virtualq.ticket_open_idx is 'the team''s own: 100% of it';
create unique index ticketitem_name_idx on virtualq.TicketItem (tenant_id, lower(name), id) with (fillfactor = 70);
comment on constraint ticket_queue_fkey on virtualq.Ticket is 'by the queue';
comment on constraint ticket_pkey on virtualq.Ticket is 'by the tenant';
drop index virtualq.idx_ticket_custom_data;
alter table virtualq.Ticket drop constraint ticket_employee_fkey;
alter table virtualq.Ticket disable trigger ticket_identity_is_fixed;
alter table virtualq.TicketItem enable always trigger ticketitem_takes_tenant;
alter table virtualq.TicketStateHistory add constraint ticketstatehistory_seq_is_small check (seq < 1000) not valid

-- name: depend_on_key
create view virtualq.latest as select id, extid, tenant_id, created_at from virtualq.Ticket group by tenant_id, id

-- name: disable_triggers
alter table virtualq.Ticket disable trigger user;
alter table virtualq.TicketStateHistory disable trigger user

-- name: plant_history_starts_at_initial_state
update virtualq.TicketStateHistory as h
   set to_state = 'in_progress', transition_name = 'start'
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s and t.version = 1
   and h.tenant_id = t.tenant_id and h.ticket_id = t.id

-- name: plant_history_is_gapless
update virtualq.TicketStateHistory as h
   set seq = h.seq + 1
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s and t.version = 3 and h.seq = 3
   and h.tenant_id = t.tenant_id and h.ticket_id = t.id

-- name: plant_history_is_a_path
update virtualq.TicketStateHistory as h
   set from_state = 'received', transition_name = 'start', to_state = 'in_progress'
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s and t.version = 3 and h.seq = 3
   and h.tenant_id = t.tenant_id and h.ticket_id = t.id

-- name: plant_transition_is_legal
update virtualq.TicketStateHistory as h
   set transition_name = 'teleport'
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s and t.version = 2 and h.seq = 2
   and h.tenant_id = t.tenant_id and h.ticket_id = t.id

-- name: plant_ticket_agrees_with_history
update virtualq.Ticket as t
   set version = t.version + 1
 where t.queue_id = %(queue_id)s and t.version = 2

-- name: plant_ticket_state_is_in_machine
update virtualq.Ticket as t
   set current_state = 'nowhere'
 where t.queue_id = %(queue_id)s and t.version = 2

-- name: plant_ticket_closes_in_terminal_state
update virtualq.Ticket as t
   set closed_at = now()
 where t.queue_id = %(queue_id)s and t.version = 2 and t.closed_at is null

-- name: plant_extid_occurs_once
update virtualq.TicketItem as i
   set extid = t.extid
  from virtualq.Ticket as t
 where t.queue_id = %(queue_id)s
   and i.tenant_id = t.tenant_id and i.ticket_id = t.id
   and i.id = (select min(f.id) from virtualq.TicketItem as f where f.tenant_id = t.tenant_id and f.ticket_id = t.id)

-- name: plant_custom_data_is_valid
update virtualq.Ticket as t
   set custom_data = custom_data || '{"channel": "pigeon"}'
 where t.queue_id = %(queue_id)s

-- name: count_copies
select count(*) as copies
  from pg_stat_progress_copy
 where datname = current_database()

-- name: count_visible
select count(*) as tickets
  from virtualq.Ticket

-- name: enter_tenant
select set_config('virtualq.tenant_id', %(tenant_id)s, true)

-- name: count_first_month
-- As the owner sees them: of a detached table the rows, of a partition nothing.
select count(*) from virtualq.ticketstatehistory_2025_08

-- name: attach_month
select virtualq.attach_history()
