-- A claimed ticket does not say who has claimed it.
-- breaks: LIF-006
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$employee_id = claim_next_ticket.employee_id,$$,
    $$employee_id = t.employee_id,$$
);
