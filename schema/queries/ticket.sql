-- name: find_ticket
-- One ticket with its items and its history, in one round trip: what a customer sees behind the link in their message.
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.version, t.customer_id, t.employee_id,
       t.estimated_wait_minutes, t.ttl_minutes, t.created_at, t.closed_at, t.leased_until, t.custom_data,
       coalesce(i.items, '[]') as items, coalesce(h.history, '[]') as history
  from virtualq.Ticket as t
  left join lateral (
        select jsonb_agg(
                   jsonb_build_object('id', i.id, 'name', i.name, 'quantity', i.quantity, 'note', i.note)
                   order by i.id
               ) as items
          from virtualq.TicketItem as i
         where i.tenant_id = %(tenant_id)s
           and i.ticket_id = t.id
       ) as i on true
  left join lateral (
        select jsonb_agg(
                   jsonb_build_object(
                       'seq', h.seq, 'from', h.from_state, 'to', h.to_state, 'transition', h.transition_name,
                       'actor', h.actor, 'occurred_at', h.occurred_at
                   )
                   order by h.seq
               ) as history
          from virtualq.TicketStateHistory as h
         where h.tenant_id = %(tenant_id)s
           and h.ticket_id = t.id
       ) as h on true
 where t.tenant_id = %(tenant_id)s
   and t.extid = %(extid)s;

-- name: search_custom_data
-- The newest tickets of a tenant whose custom data contain the given fragment. Asked by people who type into a search
-- field, and by reports. It goes through a function, because row security keeps `@>` from any index in an application's
-- own query.
select s.ticket_id as id, s.extid, s.queue_id, s.current_state, s.created_at, s.custom_data
  from virtualq.search_tickets(%(tenant_id)s, %(fragment)s, %(at_most)s) as s
 order by s.created_at desc, s.ticket_id desc;

-- name: search_custom_data_path
-- The newest tickets of a tenant in whose custom data a JSON path finds something: a nested value, a comparison. Asked
-- by reports and by saved filters. It goes through a function for the reason that search_custom_data does.
select s.ticket_id as id, s.extid, s.queue_id, s.current_state, s.created_at, s.custom_data
  from virtualq.search_tickets_by_path(%(tenant_id)s, %(path)s, %(at_most)s) as s
 order by s.created_at desc, s.ticket_id desc;

-- name: list_overdue_tickets
-- The open tickets whose time to live has run out, whether or not their machine lets them expire. Asked by whoever looks
-- after the tenant, a few times an hour.
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.employee_id, t.ttl_minutes, t.created_at,
       t.created_at + make_interval(mins => t.ttl_minutes) as due_at
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.closed_at is null
   and t.created_at + make_interval(mins => t.ttl_minutes) <= %(at)s
 order by t.created_at, t.id;
