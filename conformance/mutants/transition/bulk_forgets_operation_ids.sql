-- A bulk call that is repeated moves its tickets again.
-- breaks: TRN-010, TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$               coalesce(m.operation_id, virtualq.count_extid(drawn, row_number() over ()))
$$,
    $$               virtualq.new_extid()
$$
);
