-- name: list_indexes
-- The schema's indexes, each with its table, its definition, whether a constraint stands on it, and whether the planner
-- needs statistics of its own for it.
select c.relname as name, t.relname as on_table, pg_get_indexdef(c.oid) as definition,
       exists (select from pg_constraint as k where k.conindid = c.oid) as is_constraint,
       i.indexprs is not null as is_expression,
       t.relkind = 'p' as is_partitioned
  from pg_index as i
  join pg_class as c on c.oid = i.indexrelid
  join pg_class as t on t.oid = i.indrelid
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and not c.relispartition
 order by c.relname;

-- name: list_tables
-- The schema's tables that hold rows, each with the file that it lies in: another file means that it was rewritten.
select c.relname as name, c.relfilenode as file
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and c.relkind = 'r'
 order by c.relname;

-- name: list_targets
-- Of each table what the planner is to know of it: its extended statistics, and how finely its columns are sampled.
select c.relname as name,
       (select coalesce(string_agg(pg_get_statisticsobjdef(s.oid), '; ' order by s.oid), '')
          from pg_statistic_ext as s where s.stxrelid = c.oid)
       || (select coalesce(string_agg(format('%%s %%s', a.attname, a.attstattarget), ', ' order by a.attnum), '')
             from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as targets
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and c.relkind in ('r', 'p');

-- name: find_transaction
select pg_current_xact_id()::text;

-- name: list_locks
-- The locks that the present transaction holds on tables that others can see too.
select c.relname as name, l.mode
  from pg_locks as l
  join pg_class as c on c.oid = l.relation
  join pg_namespace as n on n.oid = c.relnamespace
 where l.pid = pg_backend_pid()
   and l.granted
   and n.nspname = 'virtualq'
   and c.relkind in ('r', 'p')
   and c.relname = any (%(tables)s);

-- name: analyze_table
analyze virtualq.{table};

-- name: vacuum_table
vacuum (analyze) virtualq.{table};

-- name: drop_index
drop index virtualq.{index};

-- name: drop_index_concurrently
drop index concurrently virtualq.{index}
