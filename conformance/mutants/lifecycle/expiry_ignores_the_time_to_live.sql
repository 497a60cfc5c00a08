-- Every open ticket expires.
-- breaks: LIF-004
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$t.created_at + make_interval(mins => t.ttl_minutes) <= at$$,
    $$t.created_at <= at$$
);
