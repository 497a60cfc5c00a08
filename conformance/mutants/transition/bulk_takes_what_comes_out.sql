-- A bulk call records what another trigger made of its tickets, legal or not.
-- breaks: TRN-013
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$                   when m.current_state = m.edges ->> transition then m.current_state
$$,
    $$                   when true then m.current_state
$$
);
