-- Off-boarding deletes the customers of every tenant.
-- breaks: INT-005
select pg_temp.replace_in(
    'virtualq.off_board_tenant',
    $$delete from virtualq.Customer as c where c.tenant_id = off_board_tenant.tenant_id;$$,
    $$delete from virtualq.Customer;$$
);
