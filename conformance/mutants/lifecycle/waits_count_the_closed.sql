-- A ticket's place in line counts those that have been served.
-- breaks: LIF-005
select pg_temp.replace_in(
    'virtualq.refresh_waits',
    $$         where t.tenant_id = refresh_waits.tenant_id
           and t.closed_at is null
    ),$$,
    $$         where t.tenant_id = refresh_waits.tenant_id
    ),$$
);
