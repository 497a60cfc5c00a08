-- An estimated wait is rounded down: whoever has less than a minute to wait has none.
-- breaks: LIF-005
select pg_temp.replace_in(
    'virtualq.refresh_waits',
    $$ceil(p.position / q.served_per_minute)$$,
    $$floor(p.position / q.served_per_minute)$$
);
