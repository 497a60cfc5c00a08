-- A transition is acknowledged before its commit is on disk.
-- breaks: DUR-001
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$    if transition is null then
$$,
    $$    perform set_config('synchronous_commit', 'off', true);
    if transition is null then
$$
);
