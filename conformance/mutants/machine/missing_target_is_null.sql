-- An edge without a target is stored as one that leads to null.
-- breaks: FSM-001
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$perform virtualq.refuse_machine(path || '.to', 'only ''*'' or the state itself stands for staying');$$,
    $$target := null;$$
);
