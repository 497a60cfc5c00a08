-- A ticket does not expire at the moment at which its time has run out.
-- breaks: LIF-004
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$make_interval(mins => t.ttl_minutes) <= at$$,
    $$make_interval(mins => t.ttl_minutes) < at$$
);
