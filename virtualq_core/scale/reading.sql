-- name: list_relations
-- Tables (with what is stored out of line) and their indexes; partitions count for what they are part of.
select c.relname as name, c.relname as table, false as is_index,
       sum(pg_table_size(coalesce(p.relid, c.oid)))::bigint as size_bytes
  from pg_catalog.pg_class as c
  left join lateral pg_partition_tree(c.oid) as p on p.isleaf and c.relkind = 'p'
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p')
   and not c.relispartition
 group by c.relname
union all
select c.relname, t.relname, true, sum(pg_relation_size(coalesce(p.relid, c.oid)))::bigint
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid
  join pg_catalog.pg_class as t on t.oid = i.indrelid
  left join lateral pg_partition_tree(c.oid) as p on p.isleaf and c.relkind = 'I'
 where c.relnamespace = 'virtualq'::regnamespace
   and not c.relispartition
 group by c.relname, t.relname
 order by 2, 3, 1

-- name: count_rows
select (select count(*) from virtualq.Ticket), (select count(*) from virtualq.TicketStateHistory)
