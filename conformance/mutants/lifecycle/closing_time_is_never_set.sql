-- A ticket that reaches a terminal state is not closed.
-- breaks: LIF-002
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$        when target = any (machine.terminal_states) then coalesce(old.closed_at, clock_timestamp())
$$,
    $$        when false then clock_timestamp()
$$
);
