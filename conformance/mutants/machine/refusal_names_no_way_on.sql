-- The refusal of a transition does not say what would be legal.
-- breaks: TRN-008
select pg_temp.replace_in(
    'virtualq.refuse_transition',
    $$present, type_code, revision, coalesce(allowed, 'nothing from there'));$$,
    $$present, type_code, revision, 'others');$$
);
