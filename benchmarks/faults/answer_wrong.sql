-- The board forgets to ask for the queue, and shows all of them.
-- caught by: queue_monitoring must_be_served_by
-- named as: wrong-answer

-- name: list_queue
select t.id, t.extid, t.type_definition_id, t.current_state, t.customer_id, t.employee_id, t.estimated_wait_minutes,
       t.created_at, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.current_state = any (%(states)s)
 order by t.created_at desc, t.id desc;
