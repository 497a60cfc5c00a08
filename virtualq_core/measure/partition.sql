-- name: list_partitions
-- Tables and indexes that are parts of others, each with the topmost of those.
select c.relname::text, r.relname::text
  from pg_class as c
  join pg_class as r on r.oid = pg_partition_root(c.oid)
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relispartition
