-- name: describe_table
-- The blocks of a table or of its partitions, the room for rows in each (without the page's header), and the dead rows
-- that were counted.
select sum(pg_relation_size(p.relid))::bigint / current_setting('block_size')::bigint,
       current_setting('block_size')::integer - 24,
       sum(pg_stat_get_dead_tuples(p.relid))::bigint
  from (
    select to_regclass(%(table)s) as relid
    union
    select t.relid from pg_partition_tree(to_regclass(%(table)s)) as t
  ) as p
having count(p.relid) > 0;

-- name: add_live_bytes
-- The bytes of the live rows in a share of the blocks: each as it lies there, aligned to eight, with its line pointer.
-- Of a value that is kept out of line only its pointer's width would lie there; such rows count as they are.
select coalesce(sum((pg_column_size(t.*) + 7) / 8 * 8 + 4), 0)
  from {table} as t tablesample system ({percent}) repeatable (1);
