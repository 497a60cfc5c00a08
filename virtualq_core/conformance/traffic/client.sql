-- name: read_ticket
-- A ticket and the end of its history in one statement, hence in one snapshot.
select t.current_state, t.version, h.to_state, h.seq
  from virtualq.Ticket as t
  left join lateral (
        select h.to_state, h.seq
          from virtualq.TicketStateHistory as h
         where h.tenant_id = %(tenant_id)s
           and h.ticket_id = t.id
         order by h.seq desc
         limit 1
       ) as h on true
 where t.tenant_id = %(tenant_id)s
   and t.id = %(ticket_id)s
