-- A queue's service rate counts all that it has ever served, over one hour.
-- breaks: LIF-005
select pg_temp.replace_in(
    'virtualq.refresh_waits',
    $$           and t.closed_at > at - window_length
$$,
    $$$$
);
