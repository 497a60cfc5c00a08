-- name: list_settings_off
select s.name
  from pg_settings as s
 where s.name in ('fsync', 'full_page_writes', 'synchronous_commit')
   and s.setting = 'off'
 order by s.name

-- name: find_operation
select h.ticket_id, h.seq, h.to_state
  from virtualq.TicketStateHistory as h
 where h.operation_id = %(operation_id)s
