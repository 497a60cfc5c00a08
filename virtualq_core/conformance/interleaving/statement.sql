-- name: begin
-- Nothing is seen before the first statement, so beginning is no step of its own.
begin isolation level read committed

-- name: commit
commit

-- name: rollback
rollback

-- name: read_ticket
-- One snapshot: the ticket, and how its history ends.
select t.current_state, t.version,
       (
           select h.to_state
             from virtualq.TicketStateHistory as h
            where h.tenant_id = t.tenant_id and h.ticket_id = t.id
            order by h.seq desc
            limit 1
       ),
       (
           select max(h.seq)
             from virtualq.TicketStateHistory as h
            where h.tenant_id = t.tenant_id and h.ticket_id = t.id
       )
  from virtualq.Ticket as t
 where t.id = %(ticket_id)s

-- name: set_state
update virtualq.Ticket as t
   set current_state = %(state)s,
       transition_operation_id = %(operation_id)s
 where t.id = %(ticket_id)s
returning t.version, t.current_state

-- name: expire_tickets
-- As of a day from now, when every time to live of these tickets has run out.
select e.ticket_id
  from virtualq.expire_tickets(tenant_id => %(tenant_id)s, at => now() + interval '1 day') as e (ticket_id)

-- name: refresh_waits
select virtualq.refresh_waits(tenant_id => %(tenant_id)s)

-- name: assign_queue
update virtualq.Ticket as t set queue_id = %(id)s where t.id = %(ticket_id)s

-- name: assign_employee
update virtualq.Ticket as t set employee_id = %(id)s where t.id = %(ticket_id)s

-- name: publish_type
select virtualq.publish_type(%(type_id)s, %(fsm_schema)s, null, %(state_mapping)s)

-- name: delete_ticket
delete from virtualq.Ticket as t where t.id = %(id)s

-- name: delete_queue
delete from virtualq.Queue as q where q.id = %(id)s

-- name: delete_customer
delete from virtualq.Customer as c where c.uid = %(id)s

-- name: delete_employee
delete from virtualq.Employee as e where e.id = %(id)s

-- name: rename_queue
update virtualq.Queue as q set name = 'renamed' where q.id = %(id)s

-- name: rename_customer
update virtualq.Customer as c set name = 'renamed' where c.uid = %(id)s

-- name: rename_employee
update virtualq.Employee as e set name = 'renamed' where e.id = %(id)s

-- name: purge_history
select virtualq.purge_history(%(tenant_id)s, 'infinity')

-- name: off_board_tenant
select virtualq.off_board_tenant(%(tenant_id)s)
