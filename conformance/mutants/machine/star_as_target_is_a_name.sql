-- An edge to '*' leads into a state of that name instead of back to where it began.
-- breaks: FSM-008, FSM-010
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$case w.value when '*' then state else w.value end$$,
    $$w.value$$
);
