-- name: count_tickets
select count(*) from virtualq.Ticket

-- name: compare_with_history
-- One statement, one snapshot: the ticket, and what its history says.
select t.current_state, t.version,
       (select count(*) from virtualq.TicketStateHistory as h where h.ticket_id = t.id) as steps,
       (
           select h.to_state from virtualq.TicketStateHistory as h where h.ticket_id = t.id order by h.seq desc limit 1
       ) as last
  from virtualq.Ticket as t
 where t.id = %(ticket_id)s
