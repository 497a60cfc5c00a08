-- The true answers of the queries of schema/queries, by the same names: other words for the same question, run without
-- any index, by somebody who sees all tenants. A query whose rows differ from these is not timed.

-- name: list_queue
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id, t.estimated_wait_minutes,
       t.created_at, t.custom_data
  from virtualq.Queue as q
  join virtualq.Ticket as t on t.queue_id = q.id
 where q.id = %(queue_id)s
   and q.tenant_id = %(tenant_id)s
   and exists (select from unnest(%(states)s::text[]) as s (state) where s.state = t.current_state)
 order by t.created_at desc, t.id desc;

-- name: list_queue_page
-- The whole list, numbered; its beginning, up to the last one that was seen, is left out first.
select n.id, n.extid, n.type_definition_id, n.current_state, n.customer_id, n.employee_id, n.estimated_wait_minutes,
       n.created_at, n.custom_data
  from (
        select t.*, row_number() over (order by t.created_at desc, t.id desc) as place
          from virtualq.Queue as q
          join virtualq.Ticket as t on t.queue_id = q.id
         where q.id = %(queue_id)s
           and q.tenant_id = %(tenant_id)s
           and exists (select from unnest(%(states)s::text[]) as s (state) where s.state = t.current_state)
           and not (t.created_at > %(seen_at)s or t.created_at = %(seen_at)s and t.id >= %(seen_id)s)
       ) as n
 where n.place <= %(page_size)s
 order by n.place;

-- name: list_queue_in_state
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id, t.estimated_wait_minutes,
       t.created_at, t.custom_data
  from virtualq.Queue as q
  join virtualq.Ticket as t on t.queue_id = q.id
 where q.id = %(queue_id)s
   and q.tenant_id = %(tenant_id)s
   and t.current_state || '' = %(state)s
 order by t.created_at desc, t.id desc;

-- name: count_queue_by_state
select s.state::varchar as current_state, count(*) as tickets
  from unnest(%(states)s::text[]) as s (state)
  join virtualq.Ticket as t on t.current_state = s.state
  join virtualq.Queue as q on q.id = t.queue_id
 where q.id = %(queue_id)s
   and q.tenant_id = %(tenant_id)s
 group by s.state
 order by s.state;

-- name: next_to_claim
-- The one ticket that no other of those that wait is ahead of.
with waiting as materialized (
    select t.*
      from virtualq.Queue as q
      join virtualq.Ticket as t on t.queue_id = q.id
     where q.id = %(queue_id)s
       and q.tenant_id = %(tenant_id)s
       and t.current_state || '' = %(state)s
       and t.closed_at is null
       and not coalesce(t.leased_until > %(at)s, false)
)
select w.id, w.extid, w.type_definition_id, w.current_state, w.customer_id, w.created_at
  from waiting as w
 where (w.created_at, w.id) = (
        select o.created_at, min(o.id)
          from waiting as o
         where o.created_at = (select min(created_at) from waiting)
         group by o.created_at
       );

-- name: estimate_wait
with counted as (
    select q.id, q.served_per_minute, q.measured_at,
           coalesce(sum(1) filter (where t.current_state = any (%(states)s)), 0)::bigint as waiting
      from virtualq.Queue as q
      left join virtualq.Ticket as t on t.queue_id = q.id
     where q.tenant_id = %(tenant_id)s
       and q.id = %(queue_id)s
     group by q.id, q.served_per_minute, q.measured_at
)
select c.id as queue_id, c.waiting, c.served_per_minute, c.measured_at,
       case
           when (c.waiting + 1) / c.served_per_minute > 2147483646 then 2147483647
           else -floor(-(c.waiting + 1) / c.served_per_minute)::integer
       end as estimated_wait_minutes
  from counted as c;

-- name: list_employee_tickets
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.customer_id, t.estimated_wait_minutes,
       t.created_at, t.leased_until, t.custom_data
  from virtualq.Employee as e
  join virtualq.Ticket as t on t.employee_id = e.id
 where e.id = %(employee_id)s
   and e.tenant_id = %(tenant_id)s
   and exists (select from unnest(%(states)s::text[]) as s (state) where s.state = t.current_state)
 order by t.created_at, t.id;

-- name: find_ticket
with found as materialized (
    select t.* from virtualq.Ticket as t where t.extid::text = %(extid)s::text and t.tenant_id = %(tenant_id)s
)
select f.id, f.extid, f.queue_id, f.type_definition_id, f.current_state, f.version, f.customer_id, f.employee_id,
       f.estimated_wait_minutes, f.ttl_minutes, f.created_at, f.closed_at, f.leased_until, f.custom_data,
       (select coalesce(jsonb_agg(to_jsonb(o) order by o.id), '[]')
          from (select i.id, i.name, i.quantity, i.note
                  from virtualq.TicketItem as i, found as g where i.ticket_id = g.id) as o) as items,
       (select coalesce(jsonb_agg(to_jsonb(o) order by o.seq), '[]')
          from (select h.seq, h.from_state as "from", h.to_state as "to", h.transition_name as transition, h.actor,
                       h.occurred_at
                  from virtualq.TicketStateHistory as h, found as g where h.ticket_id = g.id) as o) as history
  from found as f;

-- name: search_custom_data
-- The fragment is an object of plain values, so containment is equality key by key.
select t.id, t.extid, t.queue_id, t.current_state::text, t.created_at, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.custom_data is not null
   and not exists (
        select from jsonb_each(%(fragment)s::jsonb) as f where t.custom_data -> f.key is distinct from f.value
       )
 order by t.created_at desc, t.id desc
 limit %(at_most)s;

-- name: search_custom_data_path
-- What the path finds in each ticket, counted: no operator that an index knows.
select t.id, t.extid, t.queue_id, t.current_state::text, t.created_at, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and (select count(*) from jsonb_path_query(t.custom_data, %(path)s::jsonpath, silent => true)) > 0
 order by t.created_at desc, t.id desc
 limit %(at_most)s;

-- name: list_overdue_tickets
-- Time to live against the ticket's age in minutes.
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.employee_id, t.ttl_minutes, t.created_at,
       t.created_at + t.ttl_minutes * interval '1 minute' as due_at
  from virtualq.Queue as q
  join virtualq.Ticket as t on t.queue_id = q.id
 where q.tenant_id = %(tenant_id)s
   and coalesce(t.closed_at, 'infinity') = 'infinity'
   and extract(epoch from %(at)s - t.created_at) / 60 >= t.ttl_minutes
 order by t.created_at, t.id;

-- name: summarise_tenant
with mine as materialized (
    select t.queue_id, t.id, t.created_at, t.closed_at is null as is_open,
           coalesce(%(at)s - t.closed_at >= interval '0' and %(at)s - t.closed_at < interval '24 hours', false)
               as is_just_closed,
           row_number() over (partition by t.queue_id, t.closed_at is null order by t.created_at, t.id) as place
      from virtualq.Ticket as t
      join virtualq.Queue as q on q.id = t.queue_id
     where q.tenant_id = %(tenant_id)s
),
figure as (
    select m.queue_id, sum(m.is_open::integer) as open_tickets, sum(m.is_just_closed::integer) as closed_in_a_day
      from mine as m
     group by m.queue_id
)
select q.id as queue_id, q.name, coalesce(f.open_tickets, 0) as open_tickets, o.id as oldest_id,
       o.created_at as oldest_created_at, coalesce(f.closed_in_a_day, 0) as closed_in_a_day
  from virtualq.Queue as q
  left join figure as f on f.queue_id = q.id
  left join mine as o on o.queue_id = q.id and o.is_open and o.place = 1
 where q.tenant_id = %(tenant_id)s
 order by q.id;

-- name: list_history_of_day
select h.ticket_id, h.seq, h.from_state, h.to_state, h.transition_name, h.actor, h.occurred_at
  from virtualq.Ticket as t
  join virtualq.TicketStateHistory as h on h.ticket_id = t.id
 where t.tenant_id = %(tenant_id)s
   and tstzrange(%(since)s, %(until)s) @> h.occurred_at
 order by h.occurred_at, h.ticket_id, h.seq;
