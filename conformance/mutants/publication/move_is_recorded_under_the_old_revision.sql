-- The step by which a publication moves a ticket names the revision before.
-- breaks: REV-005
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$new.version, machine.revision, old.current_state$$,
    $$new.version, machine.revision - (machine.edges is null)::integer, old.current_state$$
);
