-- name: choose_tenants
-- A tenant of each class: the biggest, the median and the smallest of those that have tickets, and one without any.
-- Where there are few tenants, one stands for its first class only.
with size as (
    select n.id as tenant_id, count(t.id) as tickets
      from virtualq.Tenant as n
      left join virtualq.Ticket as t on t.tenant_id = n.id
     group by n.id
),
filled as (
    select s.tenant_id, s.tickets, row_number() over (order by s.tickets desc, s.tenant_id) as place,
           count(*) over () as tenants
      from size as s
     where s.tickets > 0
),
candidate as (
    select 1 as preference, 'big' as class, f.tenant_id, f.tickets from filled as f where f.place = 1
    union all
    select 2, 'median', f.tenant_id, f.tickets from filled as f where f.place = (f.tenants + 1) / 2
    union all
    select 3, 'small', f.tenant_id, f.tickets from filled as f where f.place = f.tenants
    union all
    (select 4, 'empty', s.tenant_id, s.tickets from size as s where s.tickets = 0 order by s.tenant_id limit 1)
)
select distinct on (c.tenant_id) c.class, c.tenant_id, c.tickets, c.preference
  from candidate as c
 order by c.tenant_id, c.preference;

-- name: choose_queues
-- The queues with exactly so many open tickets; where there are none, the one that comes nearest from above; and where
-- all are shallower, the deepest. At most one for each tenant, at most so many.
with depth as (
    select t.tenant_id, t.queue_id, count(*) as tickets
      from virtualq.Ticket as t
     where t.closed_at is null
     group by t.tenant_id, t.queue_id
),
judged as (
    select d.tenant_id, d.queue_id, d.tickets,
           case when d.tickets >= %(tickets_in_queue)s then d.tickets - %(tickets_in_queue)s end as excess
      from depth as d
),
nearest as (
    select j.tenant_id, j.queue_id, j.tickets,
           rank() over (order by j.excess nulls last, case when j.excess is null then -j.tickets end) as place
      from judged as j
)
select distinct on (n.tenant_id) n.tenant_id, n.queue_id, n.tickets
  from nearest as n
 where n.place = 1
 order by n.tenant_id, n.queue_id
 limit %(at_most)s;

-- name: choose_shallowest_queue
-- The queue with the fewest open tickets, at least one.
select t.tenant_id, t.queue_id, count(*) as tickets
  from virtualq.Ticket as t
 where t.closed_at is null
 group by t.tenant_id, t.queue_id
 order by tickets, t.tenant_id, t.queue_id
 limit 1;

-- name: use_plain_scans
select set_config(name, 'off', true)
  from unnest(array['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']) as setting (name);

-- name: count_tickets
select count(*) from virtualq.Ticket;
