-- name: page_down
-- The next few rows of a list that is newest first, after the last one that was seen.
select p.*
  from ({query}) as p
 where (p.created_at, p.id) < (%(seen_at)s, %(seen_id)s)
 order by p.created_at desc, p.id desc
 limit %(size)s

-- name: page_up
-- The next few rows of a list that is oldest first.
select p.*
  from ({query}) as p
 where (p.created_at, p.id) > (%(seen_at)s, %(seen_id)s)
 order by p.created_at, p.id
 limit %(size)s

-- name: read_clock
select clock_timestamp()

-- name: search_by_path
select s.ticket_id from virtualq.search_tickets_by_path(%(tenant_id)s, %(path)s, 1000) as s

-- name: refresh_waits
select virtualq.refresh_waits(%(tenant_id)s, %(at)s, %(window_length)s)

-- name: expire_tickets
select e.ticket_id from virtualq.expire_tickets(%(tenant_id)s, %(at)s) as e (ticket_id)
