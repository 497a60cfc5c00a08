-- name: describe_queue
-- The type that most of the queue's tickets are of, or the first system-defined one, with what its tickets usually hold.
with usual as (
    select t.type_scope, t.type_definition_id, count(*) as tickets
      from virtualq.Ticket as t
     where t.tenant_id = %(tenant_id)s
       and t.queue_id = %(queue_id)s
     group by t.type_scope, t.type_definition_id
     order by count(*) filter (where t.closed_at is null) desc, tickets desc, t.type_definition_id
     limit 1
)
select y.id as type_definition_id,
       (select t.custom_data
          from virtualq.Ticket as t
         where t.type_scope = y.scope and t.type_definition_id = y.id and t.custom_data is not null
         order by t.id desc
         limit 1) as custom_data
  from virtualq.TypeDefinition as y
  left join usual as u on u.type_scope = y.scope and u.type_definition_id = y.id
 where (u.type_scope is not null or y.scope = 0)
   and y.initial_state <> all (y.terminal_states)
 order by u.tickets desc nulls last, y.id
 limit 1;
