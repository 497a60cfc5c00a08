-- An UPDATE passes over the tickets that cannot go to the state that it writes, instead of being refused.
-- breaks: TRN-001, TRN-002
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$perform virtualq.refuse_transition(
                old.extid, old.current_state, null, target, machine.type_code, machine.revision, machine.edges);$$,
    $$return null;$$
);
