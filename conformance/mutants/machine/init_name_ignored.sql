-- The start is called 'init', whatever the machine calls it.
-- breaks: FSM-006, FSM-010
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$initial_name := virtualq.require_transition_name($$,
    $$perform virtualq.require_transition_name($$
);
