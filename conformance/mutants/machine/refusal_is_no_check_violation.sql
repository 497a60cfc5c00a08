-- The refusal of a machine has the SQLSTATE of any exception.
-- breaks: FSM-001, FSM-002
select pg_temp.replace_in(
    'virtualq.refuse_machine',
    $$errcode = 'check_violation',$$,
    $$errcode = 'raise_exception',$$
);
