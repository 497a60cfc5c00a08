-- A bulk call that is repeated moves its tickets again.
-- breaks: TRN-010, TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$               transition_operation_id = j.operation_id
$$,
    $$               transition_operation_id = null
$$
);
