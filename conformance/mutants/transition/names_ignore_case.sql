-- Transitions are found by their names in any case.
-- breaks: TRN-006
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$target := machine.edges ->> taken;$$,
    $$target := machine.edges ->> lower(taken);$$
);
