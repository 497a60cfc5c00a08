-- The caller's operation id is not kept with the step.
-- breaks: TRN-010, HIS-004
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$transition_operation_id = transition_ticket.operation_id$$,
    $$transition_operation_id = null$$
);
