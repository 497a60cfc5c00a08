-- What has expired expires again and again, where the edge leads back to its own state.
-- breaks: LIF-004
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$           and t.closed_at is null
$$,
    $$$$
);
