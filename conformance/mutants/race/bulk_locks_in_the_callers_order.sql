-- A bulk call locks its tickets in the order in which they are named, so that two deadlock.
-- breaks: CON-003
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$    perform from virtualq.Ticket as t
      where t.tenant_id = transition_tickets.tenant_id and t.id = any (ticket_ids)
      order by t.id
        for no key update;
$$,
    $$    perform from unnest(ticket_ids) with ordinality as w (id, place)
      join virtualq.Ticket as t on t.tenant_id = transition_tickets.tenant_id and t.id = w.id
      order by w.place
        for no key update of t;
$$
);
