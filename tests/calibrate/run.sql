-- name: list_planted_statements
-- Those of this session that count rows beside a query.
select statement
  from pg_prepared_statements
 where statement like '%planted%';
