-- A ticket that names no tenant, outside of any tenant's transaction, is refused.
-- breaks: TEN-009
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$        select q.tenant_id into new.tenant_id from virtualq.Queue as q where q.id = new.queue_id;
$$,
    $$        null;
$$
);
