-- A step that a closed ticket takes in its terminal state closes it anew.
-- breaks: LIF-002
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$coalesce(old.closed_at, clock_timestamp())$$,
    $$clock_timestamp()$$
);
