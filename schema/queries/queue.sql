-- name: list_queue
-- Queue monitoring, the most frequent query: the tickets of a queue that are in one of the states that the display
-- shows, newest first. Every page of an employee's screen asks it every few seconds. With the open states of the
-- queue's types it lists the open tickets.
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id, t.estimated_wait_minutes,
       t.created_at, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.queue_id = %(queue_id)s
   and t.current_state = any (%(states)s)
 order by t.created_at desc, t.id desc;

-- name: list_queue_in_state
-- One column of the board: the tickets of a queue in one state, newest first. The index yields them in order.
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id, t.estimated_wait_minutes,
       t.created_at, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.queue_id = %(queue_id)s
   and t.current_state = %(state)s
 order by t.created_at desc, t.id desc;

-- name: count_queue_by_state
-- The figures above the board: how many tickets of a queue are in each of the states that the display shows.
select t.current_state, count(*) as tickets
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.queue_id = %(queue_id)s
   and t.current_state = any (%(states)s)
 group by t.current_state
 order by t.current_state;

-- name: next_to_claim
-- Who is next: the ticket that virtualq.claim_next_ticket() would lease at that time. It only looks; nothing is locked.
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.created_at
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.queue_id = %(queue_id)s
   and t.current_state = %(state)s
   and t.closed_at is null
   and (t.leased_until is null or t.leased_until <= %(at)s)
 order by t.created_at, t.id
 limit 1;
