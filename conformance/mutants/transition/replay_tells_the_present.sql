-- A repeated operation is answered with the ticket's last step instead of its own.
-- breaks: TRN-010
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$        seq := present.seq;
$$,
    $$        if found then
            seq := (
                select t.version
                  from virtualq.Ticket as t
                 where t.tenant_id = transition_ticket.tenant_id
                   and t.id = transition_ticket.ticket_id
            );
        end if;
$$
);
