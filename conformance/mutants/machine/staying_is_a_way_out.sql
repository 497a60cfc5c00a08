-- A state that only edges back to itself leave is not taken for terminal.
-- breaks: FSM-008, FSM-010
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$select from jsonb_each_text(edges) as e where e.value <> state$$,
    $$select from jsonb_each_text(edges)$$
);
