-- A ticket whose initial state is terminal is not closed.
-- breaks: LIF-002
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$new.closed_at := case when machine.initial_state = any (machine.terminal_states) then clock_timestamp() end;$$,
    $$new.closed_at := null;$$
);
