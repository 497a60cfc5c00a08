-- Whoever names another tenant's queue is told that it is another tenant's.
-- breaks: TEN-008
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$    select t.scope, t.revision,$$,
    $$    if exists (
        select from virtualq.Queue as q where q.id = new.queue_id and q.tenant_id <> new.tenant_id
    ) then
        raise exception using
            errcode = 'foreign_key_violation', constraint = 'ticket_queue_fkey',
            schema = 'virtualq', table = 'ticket',
            message = format('wrong-tenant: the queue %s is another tenant''s', new.queue_id);
    end if;

    select t.scope, t.revision,$$
);
