-- Whether an operation is done already is asked after the edge was judged, so that a repeat is refused once the ticket
-- has moved on.
-- breaks: TRN-010
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$if new.transition_operation_id is not null then$$,
    $$if false then$$
);
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$    new.current_state := target;
$$,
    $$    if exists (
        select
          from virtualq.TicketStateHistory as h
         where h.tenant_id = old.tenant_id
           and h.operation_id = new.transition_operation_id
    ) then
        return null;
    end if;
    new.current_state := target;
$$
);
