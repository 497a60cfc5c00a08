-- A transition that leads back to its own state changes nothing, and nothing is recorded.
-- breaks: HIS-005, HIS-002
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$    new.current_state := target;
$$,
    $$    if target = old.current_state then
        new.transition_name := null;
        new.transition_actor := null;
        new.transition_metadata := null;
        new.transition_operation_id := null;
        return new;
    end if;
    new.current_state := target;
$$
);
