-- The steps of a bulk call name the first revision of the machine, whichever is in force.
-- breaks: REV-002
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$m.id, m.version, m.revision, m.from_state,$$,
    $$m.id, m.version, 1, m.from_state,$$
);
