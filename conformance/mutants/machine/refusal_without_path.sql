-- The refusal of a machine does not say where in the document the fault is.
-- breaks: FSM-002
select pg_temp.replace_in(
    'virtualq.refuse_machine',
    $$format('invalid-machine: %s: %s', path, rule)$$,
    $$format('invalid-machine: %s', rule)$$
);
