-- A ticket that a bulk call moves into a terminal state stays open.
-- breaks: LIF-002
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$                   when j.edges ->> transition = any (j.terminal_states) then coalesce(t.closed_at, clock_timestamp())
$$,
    $$                   when false then t.closed_at
$$
);
