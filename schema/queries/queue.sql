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

-- name: list_queue_page
-- One page of list_queue: the newest tickets of the queue that come after the last one seen. Asked when somebody scrolls
-- down. No index of the document's yields several states in one order. So each state is read in the index's order, from
-- the last one seen on and a page at most, and the states are merged. The planner takes (created_at, id) < (…) for one
-- row in three, and sorts all of what it then believes to be few; the same condition in two parts is estimated.
select p.id, p.extid, p.type_definition_id, p.current_state, p.customer_id, p.employee_id, p.estimated_wait_minutes,
       p.created_at, p.custom_data
  from (select distinct u.state from unnest(%(states)s::text[]) as u (state)) as s
 cross join lateral (
        select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id,
               t.estimated_wait_minutes, t.created_at, t.custom_data
          from virtualq.Ticket as t
         where t.tenant_id = %(tenant_id)s
           and t.queue_id = %(queue_id)s
           and t.current_state = s.state
           and t.created_at <= %(seen_at)s
           and (t.created_at < %(seen_at)s or t.id < %(seen_id)s)
         order by t.created_at desc, t.id desc
         limit %(page_size)s
       ) as p
 order by p.created_at desc, p.id desc
 limit %(page_size)s;

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

-- name: estimate_wait
-- What a newcomer is told before they take a ticket: how many wait in the queue, how fast it is served, and the minutes
-- that virtualq.refresh_waits() would set for the next in line; none where the queue has not served anybody yet. With
-- the open states of the queue's types it counts who waits.
select q.id as queue_id, w.waiting, q.served_per_minute, q.measured_at,
       case
           when q.served_per_minute is not null
               then least(ceil((w.waiting + 1) / q.served_per_minute), 2147483647)::integer
       end as estimated_wait_minutes
  from virtualq.Queue as q
 cross join lateral (
        select count(*) as waiting
          from virtualq.Ticket as t
         where t.tenant_id = %(tenant_id)s
           and t.queue_id = %(queue_id)s
           and t.current_state = any (%(states)s)
       ) as w
 where q.tenant_id = %(tenant_id)s
   and q.id = %(queue_id)s;
