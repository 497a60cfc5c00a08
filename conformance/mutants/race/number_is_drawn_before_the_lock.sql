-- A step's number is the one after the version that was read before the row was locked, and no key is left to notice
-- that two steps have the same.
-- breaks: CON-005
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$
    update virtualq.Ticket as t
       set transition_name = transition,$$,
    $$
    perform set_config('virtualq.next_seq', coalesce((
        select (t.version + 1)::text
          from virtualq.Ticket as t
         where t.tenant_id = transition_ticket.tenant_id
           and t.id = transition_ticket.ticket_id
    ), ''), true);
    update virtualq.Ticket as t
       set transition_name = transition,$$
);
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$new.version := old.version + 1;$$,
    $$new.version := coalesce(
        nullif(current_setting('virtualq.next_seq', true), '')::integer, old.version + 1
    );$$
);
alter table virtualq.TicketStateHistory drop constraint ticketstatehistory_pkey;
create index ticketstatehistory_ticket_idx on virtualq.TicketStateHistory (tenant_id, ticket_id, seq);
