-- What an audit must find, written while nothing enforces. Each statement is named for the rule that it breaks.

-- name: silence_tickets
alter table virtualq.Ticket disable trigger user

-- name: silence_history
alter table virtualq.TicketStateHistory disable trigger user

-- name: corrupt_history_starts_at_initial_state
update virtualq.TicketStateHistory set to_state = 'ready' where ticket_id = %(ticket_id)s and seq = 1

-- name: corrupt_history_is_gapless
update virtualq.TicketStateHistory set seq = 9 where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_history_is_a_path
update virtualq.TicketStateHistory set from_state = 'ready' where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_transition_is_legal
update virtualq.TicketStateHistory set transition_name = 'pickup' where ticket_id = %(ticket_id)s and seq = 3

-- name: corrupt_ticket_agrees_with_history
update virtualq.Ticket set version = 2 where id = %(ticket_id)s

-- name: corrupt_ticket_state_is_in_machine
update virtualq.Ticket set current_state = 'nowhere' where id = %(ticket_id)s

-- name: corrupt_ticket_closes_in_terminal_state
update virtualq.Ticket set closed_at = now() where id = %(ticket_id)s

-- name: plant_twin
-- A queue with the extid of a ticket.
insert into virtualq.Queue (tenant_id, name, extid)
select t.tenant_id, 'twin', t.extid from virtualq.Ticket as t where t.id = %(ticket_id)s
returning extid

-- name: find_violations
select v.rule, v.tenant_id, v.ticket_id, v.detail
  from virtualq.find_violations() as v
 where v.tenant_id is null
    or v.tenant_id = any (%(tenant_ids)s)
