-- Whether an operation is done already is looked up before the ticket is locked, and not again afterwards: retries that
-- overtake the first attempt break on the unique key.
-- breaks: CON-004
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$if new.transition_operation_id is not null then$$,
    $$if false then$$
);
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$       and (expected_state is null or t.current_state = expected_state)
$$,
    $$       and (expected_state is null or t.current_state = expected_state)
       and not exists (
           select
             from virtualq.TicketStateHistory as h
            where h.tenant_id = transition_ticket.tenant_id
              and h.operation_id = transition_ticket.operation_id
       )
$$
);
