-- A machine that an update makes unsound is stored, and the last sound one goes on working unseen.
-- breaks: FSM-003
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$    select * into machine from virtualq.compile_machine(new.fsm_schema);
$$,
    $$    begin
        select * into machine from virtualq.compile_machine(new.fsm_schema);
    exception
        when check_violation then
            if tg_op = 'INSERT' then
                raise;
            end if;
            select old.fsm_compiled as compiled, old.initial_state, old.terminal_states into machine;
    end;
$$
);
