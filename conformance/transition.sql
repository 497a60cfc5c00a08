-- Ways to change a ticket's state, all open to the application. Whether the edge is legal is the caller's choice.

-- name: move_by_update
update virtualq.Ticket set current_state = %(target)s where id = %(ticket_id)s

-- name: move_by_update_from
update virtualq.Ticket as t
   set current_state = wanted.state
  from (values (%(ticket_id)s::bigint, %(target)s::text)) as wanted (ticket_id, state)
 where t.id = wanted.ticket_id

-- name: move_in_common_table_expression
with moved as (
    update virtualq.Ticket set current_state = %(target)s where id = %(ticket_id)s returning id
)
select count(*) from moved

-- name: move_by_merge
merge into virtualq.Ticket as t
using (values (%(ticket_id)s::bigint)) as wanted (ticket_id)
   on t.id = wanted.ticket_id
 when matched then update set current_state = %(target)s

-- name: move_with_other_columns
update virtualq.Ticket
   set current_state = %(target)s,
       estimated_wait_minutes = 1,
       custom_data = '{"channel": "web"}'
 where id = %(ticket_id)s

-- name: move_by_function_of_the_row
update virtualq.Ticket as t
   set current_state = case t.current_state when 'received' then %(target)s else t.current_state end
 where t.id = %(ticket_id)s
