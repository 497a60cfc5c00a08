-- Parameters for the queries of schema/queries, drawn from the data: one statement for each file there, named for its
-- noun. Each is asked for a tenant, and perhaps a queue, and answers with one row of all parameters that the noun's
-- queries name. An empty tenant has parameters too, as long as it has a queue and an employee.

-- name: draw_queue
-- The tenant's deepest queue, or the one that is asked for; the states in which its types leave a ticket open; the most
-- crowded of them; and the time of the newest ticket, so that the answer does not depend on the day.
with chosen as (
    select q.id as queue_id
      from virtualq.Queue as q
      left join virtualq.Ticket as t
        on t.tenant_id = q.tenant_id and t.queue_id = q.id and t.closed_at is null
     where q.tenant_id = %(tenant_id)s
       and (%(queue_id)s::integer is null or q.id = %(queue_id)s)
     group by q.id
     order by count(t.id) desc, q.id
     limit 1
),
crowd as (
    select t.type_scope, t.type_definition_id, t.current_state, count(*) as tickets, max(t.created_at) as newest
      from virtualq.Ticket as t
      join chosen as c on c.queue_id = t.queue_id
     where t.tenant_id = %(tenant_id)s
       and t.closed_at is null
     group by t.type_scope, t.type_definition_id, t.current_state
),
open_state as (
    select distinct s.state
      from virtualq.TypeDefinition as y
     cross join jsonb_object_keys(y.fsm_compiled) as s (state)
     where y.scope in (0, %(tenant_id)s)
       and s.state <> all (y.terminal_states)
       and s.state <> coalesce(y.fsm_schema -> 'init' ->> 'from', 'none')
       and (not exists (select from crowd)
            or (y.scope, y.id) in (select w.type_scope, w.type_definition_id from crowd as w))
)
select c.queue_id,
       (select array_agg(o.state order by o.state) from open_state as o) as states,
       coalesce((select w.current_state
                   from crowd as w
                  group by w.current_state
                  order by sum(w.tickets) desc, w.current_state
                  limit 1),
                (select min(o.state) from open_state as o)) as state,
       coalesce((select max(w.newest) from crowd as w), timestamptz '2000-01-01 00:00:00+00') as at
  from chosen as c;

-- name: draw_employee
-- The tenant's busiest employee, and every state in which a type leaves a ticket open.
select e.id as employee_id,
       (select array_agg(distinct s.state order by s.state)
          from virtualq.TypeDefinition as y
         cross join jsonb_object_keys(y.fsm_compiled) as s (state)
         where y.scope in (0, %(tenant_id)s)
           and s.state <> all (y.terminal_states)
           and s.state <> coalesce(y.fsm_schema -> 'init' ->> 'from', 'none')) as states
  from virtualq.Employee as e
  left join virtualq.Ticket as t
    on t.tenant_id = e.tenant_id and t.employee_id = e.id and t.closed_at is null
 where e.tenant_id = %(tenant_id)s
 group by e.id
 order by count(t.id) desc, e.id
 limit 1;

-- name: draw_ticket
-- The tenant's ticket with the longest history (in an empty tenant an identifier that no ticket has), and a fragment
-- of custom data that is rare among the newest thousands.
with recent as (
    select t.custom_data
      from virtualq.Ticket as t
     where t.tenant_id = %(tenant_id)s
       and t.custom_data is not null
     order by t.id desc
     limit 2000
),
pair as (
    select f.key, f.value, count(*) as tickets
      from recent as r
     cross join jsonb_each(r.custom_data) as f
     where jsonb_typeof(f.value) in ('number', 'string')
     group by f.key, f.value
     order by tickets, f.key, f.value
     limit 1
)
select coalesce((select t.extid
                   from virtualq.Ticket as t
                  where t.tenant_id = %(tenant_id)s
                  order by t.version desc, t.id
                  limit 1), n.extid) as extid,
       coalesce((select jsonb_build_object(p.key, p.value) from pair as p), '{"nothing": 0}') as fragment,
       100 as at_most
  from virtualq.Tenant as n
 where n.id = %(tenant_id)s;
