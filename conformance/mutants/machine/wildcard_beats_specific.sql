-- An edge from '*' wins over a specific one of the same name.
-- breaks: FSM-004
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$edges := edges || coalesce(specific -> state, '{}');$$,
    $$edges := coalesce(specific -> state, '{}') || edges;$$
);
