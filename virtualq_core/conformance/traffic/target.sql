-- name: rank_tenants
-- The tenants with the most open tickets; one without any takes part where there is nothing better.
select q.tenant_id
  from virtualq.Queue as q
  left join (
        select t.tenant_id, count(*) as tickets
          from virtualq.Ticket as t
         where t.closed_at is null
         group by t.tenant_id
       ) as o on o.tenant_id = q.tenant_id
 where %(among)s::integer[] is null
    or q.tenant_id = any (%(among)s)
 group by q.tenant_id, o.tickets
 order by o.tickets desc nulls last, q.tenant_id
 limit %(at_most)s

-- name: list_types
select t.scope, t.id, t.initial_state, t.terminal_states, t.fsm_compiled
  from virtualq.TypeDefinition as t
 where t.scope = 0
    or t.scope = any (%(tenant_ids)s)
 order by t.scope, t.id

-- name: list_queues
select q.tenant_id, q.id, count(t.id)
  from virtualq.Queue as q
  left join virtualq.Ticket as t
    on t.tenant_id = q.tenant_id
   and t.queue_id = q.id
   and t.closed_at is null
 where q.tenant_id = any (%(tenant_ids)s)
 group by q.tenant_id, q.id
 order by q.tenant_id, q.id

-- name: list_open_tickets
-- Any of them, but the same ones for the same seed.
select t.tenant_id, t.id, t.queue_id, t.type_scope, t.type_definition_id, t.current_state
  from virtualq.Ticket as t
 where t.tenant_id = any (%(tenant_ids)s)
   and t.closed_at is null
 order by md5(t.id::text || '/' || %(seed)s::text)
 limit %(at_most)s

-- name: list_employees
select e.tenant_id, e.id
  from (
        select e.tenant_id, e.id, row_number() over (partition by e.tenant_id order by e.id) as place
          from virtualq.Employee as e
         where e.tenant_id = any (%(tenant_ids)s)
           and e.is_active
       ) as e
 where e.place <= 20
 order by e.tenant_id, e.id

-- name: sample_custom_data
-- What tickets of each type look like, for those that are created.
select s.type_scope, s.type_definition_id, s.custom_data
  from (
        select t.type_scope, t.type_definition_id, t.custom_data,
               row_number() over (partition by t.type_scope, t.type_definition_id) as place
          from (
                select t.type_scope, t.type_definition_id, t.custom_data
                  from virtualq.Ticket as t
                 where t.tenant_id = any (%(tenant_ids)s)
                   and t.custom_data is not null
                 limit 2000
               ) as t
       ) as s
 where s.place <= 50
