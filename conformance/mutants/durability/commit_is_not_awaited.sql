-- A transition is acknowledged before its commit is on disk.
-- breaks: DUR-001
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$    perform virtualq.enter_tenant(tenant_id);
$$,
    $$    perform virtualq.enter_tenant(tenant_id);
    perform set_config('synchronous_commit', 'off', true);
$$
);
