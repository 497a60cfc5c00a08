-- A step that names no actor is recorded with the role that the trigger runs as.
-- breaks: HIS-011
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$coalesce(new.transition_actor, session_user)$$,
    $$coalesce(new.transition_actor, current_user)$$
);
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$coalesce(new.transition_actor, session_user)$$,
    $$coalesce(new.transition_actor, current_user)$$
);
