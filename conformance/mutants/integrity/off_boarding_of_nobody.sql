-- Off-boarding a tenant that does not exist is taken for work done.
-- breaks: INT-005
select pg_temp.replace_in(
    'virtualq.off_board_tenant',
    $$    if not found then
        raise exception using
            errcode = 'no_data_found', message = format('tenant-not-found: there is no tenant %s', tenant_id);
    end if;
$$,
    $$$$
);
