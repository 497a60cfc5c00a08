-- A ticket may be created in any state of its machine, as an import would like it.
-- breaks: TRN-004
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$select t.scope, t.revision, t.type_code,$$,
    $$select t.scope, t.revision, t.type_code, t.fsm_compiled,$$
);
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$if new.current_state <> machine.initial_state then$$,
    $$new.current_state := coalesce(new.current_state, machine.initial_state);
    if not machine.fsm_compiled ? new.current_state::text then$$
);
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$    new.current_state := machine.initial_state;
$$,
    $$$$
);
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$machine.initial_state, coalesce(machine.init ->> 'name', 'init')$$,
    $$new.current_state, coalesce(machine.init ->> 'name', 'init')$$
);
