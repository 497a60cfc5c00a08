-- The steps of a bulk call are recorded without the metadata that was given.
-- breaks: HIS-004
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$               transition, coalesce(actor, session_user), metadata,
$$,
    $$               transition, coalesce(actor, session_user), null,
$$
);
