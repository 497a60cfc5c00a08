-- name: list_sizes
-- Every table and index of the schema with its bytes; a table without its indexes, with what it has toasted. Of a
-- partitioned one, those of its partitions together.
select coalesce(pg_partition_root(c.oid), c.oid)::regclass::text as name,
       case when c.relkind = 'i' then 'index' else 'table' end as kind,
       sum(case when c.relkind = 'i' then pg_relation_size(c.oid) else pg_table_size(c.oid) end)::bigint as size_bytes
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and c.relkind in ('r', 'i')
 group by 1, 2
 order by 2 desc, 1;
