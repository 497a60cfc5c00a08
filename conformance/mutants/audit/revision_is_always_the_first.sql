-- Every step is recorded under the first revision of its machine.
-- breaks: REV-002
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$new.version, machine.revision, old.current_state$$,
    $$new.version, 1, old.current_state$$
);
