-- The first step is recorded as 'init' from 'none', whatever the machine calls them.
-- breaks: FSM-006
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$coalesce(machine.init ->> 'from', 'none'), machine.initial_state, coalesce(machine.init ->> 'name', 'init')$$,
    $$'none', machine.initial_state, 'init'$$
);
