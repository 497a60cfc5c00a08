-- The search by path finds any tenant's tickets for whoever names that tenant, also within another's transaction.
-- breaks: TEN-007
select pg_temp.replace_in(
    'virtualq.search_tickets_by_path',
    $$    perform virtualq.enter_tenant(tenant_id);
$$,
    $$$$
);
