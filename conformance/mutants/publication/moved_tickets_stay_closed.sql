-- A closed ticket that a publication moves into an open state stays closed.
-- breaks: REV-008
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$        when target = any (machine.terminal_states) then coalesce(old.closed_at, clock_timestamp())
$$,
    $$        when target = any (machine.terminal_states) then coalesce(old.closed_at, clock_timestamp())
        else old.closed_at
$$
);
