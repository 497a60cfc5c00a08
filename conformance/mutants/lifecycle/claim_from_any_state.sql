-- A claim takes tickets that wait in another state.
-- breaks: LIF-006
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$           and t.current_state = state
$$,
    $$$$
);
