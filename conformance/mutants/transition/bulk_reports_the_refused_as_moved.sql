-- A bulk call says of every ticket that it found that it moved.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$    select j.id, j.verdict,$$,
    $$    select j.id, case j.verdict when 'illegal' then 'moved' else j.verdict end,$$
);
