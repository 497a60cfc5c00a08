-- A bulk call reports nothing of tickets that it did not find.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$          left join virtualq.Ticket as t
$$,
    $$          join virtualq.Ticket as t
$$
);
