-- The refusal of a transition has the SQLSTATE of any exception, P0001.
-- breaks: TRN-001
select pg_temp.replace_in(
    'virtualq.refuse_transition',
    $$errcode = 'check_violation',$$,
    $$errcode = 'raise_exception',$$
);
