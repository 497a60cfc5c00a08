-- Of two edges of one name from one state the first counts, and nobody is told.
-- breaks: FSM-001, FSM-010
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$if edges ? transition then
                perform virtualq.refuse_machine(path, format('a second edge ''%s'' from ''%s''', transition, origin));
            end if;$$,
    $$continue when edges ? transition;$$
);
