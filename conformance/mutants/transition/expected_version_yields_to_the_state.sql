-- Where the state is as expected, an outdated version is let pass.
-- breaks: TRN-009
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$t.version = expected_version)$$,
    $$t.version = expected_version or t.current_state = expected_state)$$
);
