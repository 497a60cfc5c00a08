-- The same operation id is taken again for another ticket.
-- breaks: TRN-011
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$           and h.operation_id = new.transition_operation_id;
$$,
    $$           and h.operation_id = new.transition_operation_id
           and h.ticket_id = old.id;
$$
);
alter table virtualq.TicketStateHistory
    drop constraint ticketstatehistory_operation_key,
    add constraint ticketstatehistory_operation_key unique (tenant_id, ticket_id, operation_id);
