-- History is append-only but for its metadata, which anybody with the right may correct.
-- breaks: HIS-007
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
