-- name: list_employee_tickets
-- The employee dashboard: the tickets that somebody has in hand, those that wait longest first. Asked at every log-in
-- and after every action.
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.customer_id, t.estimated_wait_minutes,
       t.created_at, t.leased_until, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.employee_id = %(employee_id)s
   and t.current_state = any (%(states)s)
 order by t.created_at, t.id;
