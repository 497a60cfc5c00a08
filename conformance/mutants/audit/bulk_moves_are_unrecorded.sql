-- A bulk call moves its tickets and records only those that it moves alone.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$          from moved as m
        returning$$,
    $$          from moved as m
         where (select count(*) from moved) = 1
        returning$$
);
