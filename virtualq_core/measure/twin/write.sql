-- name: explain_create
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.create_ticket(
    tenant_id => %(tenant_id)s, queue_id => %(queue_id)s, type_definition_id => %(type_definition_id)s,
    custom_data => %(custom_data)s, items => %(items)s, actor => %(actor)s);

-- name: explain_claim
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.claim_next_ticket(
    tenant_id => %(tenant_id)s, queue_id => %(queue_id)s, state => %(state)s, employee_id => %(employee_id)s);

-- name: explain_transition
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.transition_ticket(
    tenant_id => %(tenant_id)s, ticket_id => %(ticket_id)s, transition => %(transition)s, actor => %(actor)s);

-- name: explain_bulk
explain (analyze, wal, buffers, costs off, timing off, format json)
select * from virtualq.transition_tickets(
    tenant_id => %(tenant_id)s, ticket_ids => %(ticket_ids)s, transition => %(transition)s, actor => %(actor)s);

-- name: list_newest_tickets
select t.id from virtualq.Ticket as t where t.tenant_id = %(tenant_id)s order by t.id desc limit %(at_most)s;

-- name: find_worker
-- The state in which a type's tickets begin, and an employee of the tenant to claim them.
select y.initial_state, min(e.id) as employee_id
  from virtualq.TypeDefinition as y
  left join virtualq.Employee as e on e.tenant_id = %(tenant_id)s
 where y.id = %(type_definition_id)s
 group by y.initial_state;

-- name: count_updates
-- Since the counters began: updated tickets, those of them that no index had to be told of, and row versions that are
-- dead. A partitioned table's partitions count, their items' do not.
select coalesce(sum(s.n_tup_upd), 0)::bigint as updates,
       coalesce(sum(s.n_tup_hot_upd), 0)::bigint as hot_updates,
       coalesce(sum(s.n_dead_tup), 0)::bigint as dead
  from pg_stat_user_tables as s
 where s.schemaname = 'virtualq'
   and s.relid = any (
        select p.relid from pg_partition_tree('virtualq.ticket') as p where p.isleaf
        union all
        select 'virtualq.ticket'::regclass
       );

-- name: tell_statistics
-- The session's counters at once, instead of within a second.
select pg_stat_force_next_flush();

-- name: list_leaves
-- The tables that hold tickets: the table, or its partitions.
select r.relname
  from pg_class as r
 where coalesce(pg_partition_root(r.oid), r.oid) = 'virtualq.ticket'::regclass
   and r.relkind = 'r';

-- name: hold_autovacuum
alter table virtualq.{table} set (autovacuum_enabled = off);
