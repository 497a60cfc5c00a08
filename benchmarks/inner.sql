-- Statements within functions, by the name of the query of schema/queries that calls the function. EXPLAIN does not look
-- into functions, so the plan of such a query is the plan of its inner statement, taken as the functions' owner,
-- virtualq_maintainer. A test holds each to the function's own text.

-- name: search_custom_data
select t.id, t.extid, t.queue_id, t.current_state::text, t.custom_data, t.created_at
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.custom_data @> %(fragment)s
 order by t.created_at desc, t.id desc
 limit %(at_most)s;

-- name: search_custom_data_path
select t.id, t.extid, t.queue_id, t.current_state::text, t.custom_data, t.created_at
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.custom_data @? %(path)s
 order by t.created_at desc, t.id desc
 limit %(at_most)s;
