-- Off-boarding leaves the people, and the tenant for their sake.
-- breaks: INT-005
select pg_temp.replace_in(
    'virtualq.off_board_tenant',
    $$    delete from virtualq.Customer as c where c.tenant_id = off_board_tenant.tenant_id;
$$,
    $$$$
);
select pg_temp.replace_in(
    'virtualq.off_board_tenant',
    $$    delete from virtualq.Employee as e where e.tenant_id = off_board_tenant.tenant_id;
$$,
    $$$$
);
select pg_temp.replace_in(
    'virtualq.off_board_tenant',
    $$    delete from virtualq.Tenant as t where t.id = off_board_tenant.tenant_id;
$$,
    $$$$
);
