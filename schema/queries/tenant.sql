-- name: summarise_tenant
-- The tenant at a glance, a row for each queue: its open tickets, the oldest of them, and how many were closed within the
-- day before. Asked by whoever opens the tenant's front page. The tickets are counted before the queues are joined, so
-- that they are read once and not queue by queue.
select q.id as queue_id, q.name, coalesce(t.open_tickets, 0) as open_tickets, t.oldest_id, t.oldest_created_at,
       coalesce(t.closed_in_a_day, 0) as closed_in_a_day
  from virtualq.Queue as q
  left join (
        select t.queue_id,
               count(*) filter (where t.closed_at is null) as open_tickets,
               (array_agg(t.id order by t.created_at, t.id) filter (where t.closed_at is null))[1] as oldest_id,
               min(t.created_at) filter (where t.closed_at is null) as oldest_created_at,
               count(t.closed_at) as closed_in_a_day
          from virtualq.Ticket as t
         where t.tenant_id = %(tenant_id)s
           and (t.closed_at is null or (t.closed_at > %(at)s - interval '24 hours' and t.closed_at <= %(at)s))
         group by t.queue_id
       ) as t on t.queue_id = q.id
 where q.tenant_id = %(tenant_id)s
 order by q.id;
