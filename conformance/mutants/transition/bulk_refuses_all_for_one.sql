-- A bulk call is refused as a whole where one of its tickets cannot move.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$                   else 'illegal'
$$,
    $$                   else 'moved'
$$
);
