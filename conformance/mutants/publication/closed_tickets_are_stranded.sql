-- A publication asks only whether open tickets would be left in a state that goes.
-- breaks: REV-004
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$           and not new.fsm_compiled ? t.current_state::text
$$,
    $$           and not new.fsm_compiled ? t.current_state::text
           and t.current_state <> all (old.terminal_states)
$$
);
