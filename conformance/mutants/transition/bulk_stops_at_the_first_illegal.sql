-- A bulk call leaves the tickets after the first that cannot move where they are.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$         where j.verdict = 'moved'
$$,
    $$         where j.verdict = 'moved'
           and j.id < all (select i.id from judged as i where i.verdict = 'illegal')
$$
);
