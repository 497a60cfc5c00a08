-- name: add_employee
insert into virtualq.Employee (tenant_id, name) values (%(tenant_id)s, 'Ada') returning id

-- name: add_queue
insert into virtualq.Queue (tenant_id, name) values (%(tenant_id)s, 'Nobody') returning id

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name, quantity, note) values (%(ticket_id)s, %(name)s, %(quantity)s, %(note)s)

-- name: claim_ticket
select c.ticket_id
  from virtualq.claim_next_ticket(
           %(tenant_id)s, %(queue_id)s, %(state)s, %(employee_id)s, lease => %(lease)s, at => %(at)s
       ) as c

-- name: refresh_waits
select virtualq.refresh_waits(%(tenant_id)s, %(at)s, %(window_length)s)

-- name: read_clock
select clock_timestamp()

-- name: list_tickets
select t.* from virtualq.Ticket as t where t.tenant_id = %(tenant)s

-- name: list_items
select i.* from virtualq.TicketItem as i where i.tenant_id = %(tenant)s

-- name: list_steps
select h.* from virtualq.TicketStateHistory as h where h.tenant_id = %(tenant)s

-- name: list_queues
select q.id, q.name from virtualq.Queue as q where q.tenant_id = %(tenant)s
