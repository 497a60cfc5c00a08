-- name: describe_table
-- The table's blocks, the room for rows in each (without the page's header), and the dead rows that were counted.
select pg_relation_size(c.oid) / current_setting('block_size')::bigint, current_setting('block_size')::integer - 24,
       pg_stat_get_dead_tuples(c.oid)
  from pg_class as c
 where c.oid = to_regclass(%(table)s);

-- name: add_live_bytes
-- The bytes of the live rows in a share of the blocks: each as it lies there, aligned to eight, with its line pointer.
-- Of a value that is kept out of line only its pointer's width would lie there; such rows count as they are.
select coalesce(sum((pg_column_size(t.*) + 7) / 8 * 8 + 4), 0)
  from {table} as t tablesample system ({percent}) repeatable (1);
