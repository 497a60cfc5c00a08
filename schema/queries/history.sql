-- name: list_history_of_day
-- What happened to a tenant's tickets from one instant to just before another, such as a day. Asked by reports and
-- auditors. A ticket's steps of one moment stay in their order.
select h.ticket_id, h.seq, h.from_state, h.to_state, h.transition_name, h.actor, h.occurred_at
  from virtualq.TicketStateHistory as h
 where h.tenant_id = %(tenant_id)s
   and h.occurred_at >= %(since)s
   and h.occurred_at < %(until)s
 order by h.occurred_at, h.ticket_id, h.seq;
