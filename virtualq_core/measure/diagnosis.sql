-- name: describe_index
-- What stands under an index's name: its definition, and whether it is fit for use.
select pg_get_indexdef(i.indexrelid), i.indisvalid and i.indisready
  from pg_index as i
 where i.indexrelid = to_regclass(%(index)s);

-- name: list_names
-- The indexes of the schema's tables.
select x.indexname from pg_indexes as x where x.schemaname = 'virtualq';

-- name: list_key_columns
-- The index's key columns in order, but for expressions, and whether conditions on them are written with a cast to text.
select a.attname, a.atttypid = 'varchar'::regtype
  from pg_index as i
 cross join unnest(i.indkey::integer[]) with ordinality as k (attnum, place)
  join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
 where i.indexrelid = to_regclass(%(index)s)
   and k.place <= i.indnkeyatts
 order by k.place;

-- name: describe_statistics
-- The rows that the planner believes the table to have, those changed since the last ANALYZE, in partitions as well, and
-- whether there are statistics of any column. Whom row security binds may not look at those, and is told that there are.
select c.reltuples::double precision,
       pg_stat_get_mod_since_analyze(c.oid)
           + (select coalesce(sum(pg_stat_get_mod_since_analyze(p.relid)), 0)::bigint
                from pg_partition_tree(c.oid) as p where p.relid <> c.oid),
       row_security_active(c.oid)
       or exists (select from pg_stats as s where s.schemaname = n.nspname and s.tablename = c.relname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where c.oid = to_regclass(%(table)s);

-- name: count_leakproof_operators
-- How many of the operators that the index answers are declared leakproof. Row security lets no other near the rows
-- before its own condition has been tested, so an index that has none cannot serve a role that it binds.
select count(*) filter (where p.proleakproof), row_security_active(i.indrelid)
  from pg_index as i
 cross join unnest(i.indclass::oid[]) as k (opclass)
  join pg_opclass as o on o.oid = k.opclass
  join pg_amop as a on a.amopfamily = o.opcfamily and a.amoplefttype = o.opcintype
  join pg_operator as r on r.oid = a.amopopr
  join pg_proc as p on p.oid = r.oprcode
 where i.indexrelid = to_regclass(%(index)s)
 group by i.indrelid;

-- name: list_defaults
-- The planner's settings of these names with the defaults that PostgreSQL is built with.
select s.name, s.boot_val || coalesce(case when s.unit ~ '^[0-9]' then null else s.unit end, '')
  from pg_settings as s
 where s.name = any (%(names)s)
   and s.setting is distinct from s.boot_val
 order by s.name;
