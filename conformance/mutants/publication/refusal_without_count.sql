-- The refusal of a publication does not say how many tickets are in which state.
-- breaks: REV-004
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$would strand tickets: %s', new.type_code, stranded)$$,
    $$would strand tickets', new.type_code)$$
);
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$            detail = stranded,
$$,
    $$$$
);
