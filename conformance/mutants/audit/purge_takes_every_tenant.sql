-- The purge deletes the old tickets of every tenant.
-- breaks: HIS-009
select pg_temp.replace_in(
    'virtualq.purge_history',
    $$         where t.tenant_id = purge_history.tenant_id
           and t.closed_at < before$$,
    $$         where t.closed_at < before$$
);
select pg_temp.replace_in(
    'virtualq.purge_history',
    $$     where h.tenant_id = purge_history.tenant_id
       and h.ticket_id$$,
    $$     where h.ticket_id$$
);
select pg_temp.replace_in(
    'virtualq.purge_history',
    $$     where t.tenant_id = purge_history.tenant_id
       and t.id = any$$,
    $$     where t.id = any$$
);
