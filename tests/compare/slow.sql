-- name: ask_slowly
-- A query beside which the server counts rows, which costs more time than it takes.
select asked.*
  from (
{query}
       ) as asked
 where (select count(*) from generate_series(1, 300000)) > 0;
