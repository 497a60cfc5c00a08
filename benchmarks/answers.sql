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
