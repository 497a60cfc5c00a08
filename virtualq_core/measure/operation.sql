-- name: choose_ground
-- Where tickets are written to be timed: a queue without open tickets, so that no listing is measured on what this
-- leaves behind, in the biggest tenant that has one, or in the given tenant; and each type that it may use, with what
-- its tickets usually hold. A large table is read once. The custom data are those of the tenant's newest such ticket, or
-- of anybody's.
with filled as (
    select t.tenant_id, t.queue_id, count(*) as tickets, count(*) filter (where t.closed_at is null) as open_tickets
      from virtualq.Ticket as t
     where %(tenant_id)s::integer is null or t.tenant_id = %(tenant_id)s
     group by t.tenant_id, t.queue_id
),
size as (
    select f.tenant_id, sum(f.tickets) as tickets
      from filled as f
     group by f.tenant_id
),
ground as (
    select q.tenant_id, q.id as queue_id
      from virtualq.Queue as q
      left join filled as f on f.tenant_id = q.tenant_id and f.queue_id = q.id
      left join size as s on s.tenant_id = q.tenant_id
     where %(tenant_id)s::integer is null or q.tenant_id = %(tenant_id)s
     order by coalesce(f.open_tickets, 0) > 0, s.tickets desc nulls last, q.tenant_id, q.id
     limit 1
),
recent as materialized (
    select t.id, t.type_scope, t.type_definition_id, t.custom_data
      from ground as g
     cross join lateral (
            select t.id, t.type_scope, t.type_definition_id, t.custom_data
              from virtualq.Ticket as t
             where t.tenant_id = g.tenant_id and t.custom_data is not null
             order by t.id desc
             limit 20000
           ) as t
)
select g.tenant_id, g.queue_id, y.id as type_definition_id, y.initial_state, y.fsm_compiled,
       (select min(e.id) from virtualq.Employee as e where e.tenant_id = g.tenant_id) as employee_id,
       coalesce(
           (select r.custom_data
              from recent as r
             where r.type_scope = y.scope and r.type_definition_id = y.id
             order by r.id desc
             limit 1),
           (select t.custom_data
              from virtualq.Ticket as t
             where t.type_scope = y.scope and t.type_definition_id = y.id and t.custom_data is not null
             limit 1)
       ) as custom_data
  from ground as g
  join virtualq.TypeDefinition as y on y.scope = 0 or y.tenant_id = g.tenant_id
 order by y.scope, y.id;

-- name: update_wait
-- A ticket's new estimate, as virtualq.refresh_waits() writes it.
update virtualq.Ticket as t
   set estimated_wait_minutes = coalesce(t.estimated_wait_minutes, 0) + 1
 where t.tenant_id = %(tenant_id)s
   and t.id = %(ticket_id)s;
