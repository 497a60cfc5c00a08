-- A caller's expected state is taken and never looked at.
-- breaks: TRN-009
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$       and (expected_state is null or t.current_state = expected_state)
$$,
    $$$$
);
