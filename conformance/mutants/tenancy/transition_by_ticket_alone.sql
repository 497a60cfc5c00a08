-- The transition runs with its owner's rights and finds the ticket by its id alone.
-- breaks: TEN-008
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$     where t.tenant_id = transition_ticket.tenant_id
       and t.id = transition_ticket.ticket_id
       and (expected_state$$,
    $$     where t.id = transition_ticket.ticket_id
       and (expected_state$$
);
alter function virtualq.transition_ticket owner to virtualq_maintainer;
alter function virtualq.transition_ticket security definer set search_path = pg_catalog, pg_temp;
