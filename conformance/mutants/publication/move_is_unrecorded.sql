-- The tickets that a publication moves have no history row for it.
-- breaks: REV-005
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$new.transition_metadata := jsonb_build_object('moved_by_revision', machine.revision);$$,
    $$return new;$$
);
