-- name: explain_create
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.create_ticket(
    tenant_id => %(tenant_id)s, queue_id => %(queue_id)s, type_definition_id => %(type_definition_id)s,
    custom_data => %(custom_data)s, items => %(items)s, actor => %(actor)s, metadata => %(metadata)s);

-- name: newest_ticket
select max(t.id) from virtualq.Ticket as t where t.tenant_id = %(tenant_id)s;

-- name: explain_transition
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.transition_ticket(
    tenant_id => %(tenant_id)s, ticket_id => %(ticket_id)s, transition => %(transition)s, actor => %(actor)s);

-- name: explain_bulk
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.transition_tickets(
    tenant_id => %(tenant_id)s, ticket_ids => %(ticket_ids)s, transition => %(transition)s, actor => %(actor)s);

-- name: explain_claim
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.claim_next_ticket(
    tenant_id => %(tenant_id)s, queue_id => %(queue_id)s, state => %(state)s, employee_id => %(employee_id)s);

-- name: explain_update_wait
-- What virtualq.refresh_waits() does to each ticket: a column that no index holds.
explain (analyze, wal, buffers, costs off, timing off, format json)
update virtualq.Ticket as t
   set estimated_wait_minutes = coalesce(t.estimated_wait_minutes, 0) + 1
 where t.tenant_id = %(tenant_id)s
   and t.id = %(ticket_id)s;

-- name: explain_update
explain (analyze, costs off, format json)
update virtualq.Ticket as t
   set transition_name = %(transition)s, transition_actor = %(actor)s
 where t.tenant_id = %(tenant_id)s
   and t.id = %(ticket_id)s;

-- name: count_updates
-- This transaction's updates of tickets so far, and those of them that were heap-only.
select coalesce(sum(pg_stat_get_xact_tuples_updated(p.relid)), 0)::bigint,
       coalesce(sum(pg_stat_get_xact_tuples_hot_updated(p.relid)), 0)::bigint
  from (
    select 'virtualq.ticket'::regclass as relid
    union
    select t.relid from pg_partition_tree('virtualq.ticket') as t
  ) as p;

-- name: list_triggers
-- The triggers of these tables that fire, but for those that belong to constraints.
select c.relname, g.tgname
  from pg_trigger as g
  join pg_class as c on c.oid = g.tgrelid
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and c.relname = any (%(tables)s)
   and not g.tgisinternal
   and g.tgenabled <> 'D'
 order by c.relname, g.tgname;

-- name: list_covering_indexes
-- The indexes of tickets that hold one of these columns, in a key or beside it or in an expression or a condition.
select c.relname, string_agg(distinct a.attname, ', ' order by a.attname)
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_depend as d on d.classid = 'pg_class'::regclass and d.objid = i.indexrelid
   and d.refclassid = 'pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid > 0
  join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
 where i.indrelid = 'virtualq.ticket'::regclass
   and a.attname = any (%(columns)s)
 group by c.relname
 order by c.relname;

-- name: list_indexes
-- The indexes of these tables that belong to no constraint.
select t.relname, c.relname
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_class as t on t.oid = i.indrelid
  join pg_namespace as n on n.oid = t.relnamespace
 where n.nspname = 'virtualq'
   and t.relname = any (%(tables)s)
   and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)
 order by t.relname, c.relname;
