-- name: plant_work
-- The query, with work beside it that neither its plan nor its rows depend on: counting so many rows, made and
-- forgotten one by one, once before the query's first row. Without rows to count it is the query with an idle counter.
-- The number is asked for, so that the planner, which would look at a constant, expects the same of any.
select asked.*
  from (
{query}
       ) as asked
 where (select count(*)
          from (select generate_series(1, (select %(planted_rows)s))) as planted) >= 0;
