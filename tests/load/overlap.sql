-- name: sleep_a_while
-- The clock before and after; each is read in its own statement's place.
select extract(epoch from begun.at), extract(epoch from clock_timestamp())
  from (select clock_timestamp() as at offset 0) as begun, pg_sleep(0.4)
