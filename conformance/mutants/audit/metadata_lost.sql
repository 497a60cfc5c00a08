-- A step is recorded without its metadata.
-- breaks: HIS-004
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$coalesce(new.transition_actor, session_user), new.transition_metadata,$$,
    $$coalesce(new.transition_actor, session_user), null,$$
);
