-- name: expire_tickets
select e.ticket_id from virtualq.expire_tickets(%(tenant_id)s, %(at)s) as e (ticket_id)

-- name: expire_some
select e.ticket_id from virtualq.expire_tickets(%(tenant_id)s, %(at)s, %(batch)s) as e (ticket_id)

-- name: refresh_waits_over
select virtualq.refresh_waits(%(tenant_id)s, %(at)s, %(window_length)s)

-- name: refresh_waits
select virtualq.refresh_waits(%(tenant_id)s, %(at)s)

-- name: list_items
select i.name, i.quantity, i.note from virtualq.TicketItem as i where i.ticket_id = %(ticket_id)s order by i.id

-- name: count_tickets
select count(*) from virtualq.Ticket
