-- The application may rewrite a step's metadata.
-- breaks: HIS-006
select pg_temp.replace_in(
    'virtualq.keep_history',
    $$    raise exception using
$$,
    $$    if tg_op = 'UPDATE' and to_jsonb(new) - 'metadata' = to_jsonb(old) - 'metadata' then
        return new;
    end if;
    raise exception using
$$
);
grant update (metadata) on virtualq.TicketStateHistory to virtualq_app;
