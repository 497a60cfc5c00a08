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
