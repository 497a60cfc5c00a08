-- Parameters for the queries of schema/queries, drawn from the data: one statement for each file there, named for its
-- noun, and draw_whole_queue besides. Each is asked for a tenant, and perhaps a queue, and answers with one row of all
-- parameters that the noun's queries name. An empty tenant has parameters too, as long as it has a queue and an employee.

-- name: draw_queue
-- The tenant's deepest queue, or the one that is asked for; the states in which its types leave a ticket open; the most
-- crowded of them; the time of the newest ticket, so that the answer does not depend on the day; and where the second
-- page of the queue's list begins, or its second half where it is shorter than two pages.
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
),
listed as (
    select t.created_at, t.id, row_number() over (order by t.created_at desc, t.id desc) as place, count(*) over () as length
      from virtualq.Ticket as t
      join chosen as c on c.queue_id = t.queue_id
     where t.tenant_id = %(tenant_id)s
       and t.current_state in (select o.state from open_state as o)
),
seen as (
    select l.created_at, l.id from listed as l where l.place = least(50, (l.length + 1) / 2)
)
select c.queue_id,
       (select array_agg(o.state order by o.state) from open_state as o) as states,
       coalesce((select w.current_state
                   from crowd as w
                  group by w.current_state
                  order by sum(w.tickets) desc, w.current_state
                  limit 1),
                (select min(o.state) from open_state as o)) as state,
       coalesce((select max(w.newest) from crowd as w), timestamptz '2000-01-01 00:00:00+00') as at,
       coalesce((select s.created_at from seen as s), timestamptz '2000-01-01 00:00:00+00') as seen_at,
       coalesce((select s.id from seen as s), 0) as seen_id,
       50 as page_size
  from chosen as c;

-- name: draw_whole_queue
-- The first page of all tickets of a queue, closed ones too: every state that its tickets are in, and a moment after the
-- newest of them.
select q.id as queue_id,
       array_agg(distinct t.current_state order by t.current_state) as states,
       max(t.created_at) + interval '1 second' as seen_at,
       0::bigint as seen_id,
       50 as page_size
  from virtualq.Queue as q
  join virtualq.Ticket as t on t.tenant_id = q.tenant_id and t.queue_id = q.id
 where q.tenant_id = %(tenant_id)s
   and q.id = %(queue_id)s
 group by q.id;

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
-- The tenant's ticket with the longest history (in an empty tenant an identifier that no ticket has); a fragment of
-- custom data that is rare among the newest thousands; a path to a value that is, within an object where the tenant's
-- tickets hold any; and the time of the newest ticket.
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
),
nested as (
    select f.key as outer_key, g.key, g.value, count(*) as tickets
      from recent as r
     cross join jsonb_each(r.custom_data) as f
     cross join jsonb_each(case jsonb_typeof(f.value) when 'object' then f.value end) as g
     where jsonb_typeof(g.value) in ('number', 'string')
     group by f.key, g.key, g.value
     order by tickets, f.key, g.key, g.value
     limit 1
)
select coalesce((select t.extid
                   from virtualq.Ticket as t
                  where t.tenant_id = %(tenant_id)s
                  order by t.version desc, t.id
                  limit 1), n.extid) as extid,
       coalesce((select jsonb_build_object(p.key, p.value) from pair as p), '{"nothing": 0}') as fragment,
       coalesce((select format('$.%%s ? (@.%%s == %%s)', to_json(d.outer_key), to_json(d.key), d.value) from nested as d),
                (select format('$ ? (@.%%s == %%s)', to_json(p.key), p.value) from pair as p),
                '$."nothing"') as path,
       coalesce((select max(t.created_at) from virtualq.Ticket as t where t.tenant_id = %(tenant_id)s),
                timestamptz '2000-01-01 00:00:00+00') as at,
       100 as at_most
  from virtualq.Tenant as n
 where n.id = %(tenant_id)s;

-- name: draw_tenant
-- The time of the last thing that happened to one of the tenant's tickets.
select coalesce(max(greatest(t.created_at, t.closed_at)), timestamptz '2000-01-01 00:00:00+00') as at
  from virtualq.Tenant as n
  left join virtualq.Ticket as t on t.tenant_id = n.id
 where n.id = %(tenant_id)s
 group by n.id;

-- name: draw_history
-- The day, by universal time, on which most happened to the tenant's tickets.
with busiest as (
    select date_trunc('day', h.occurred_at, 'UTC') as day
      from virtualq.TicketStateHistory as h
     where h.tenant_id = %(tenant_id)s
     group by 1
     order by count(*) desc, 1
     limit 1
)
select coalesce(b.day, timestamptz '2000-01-01 00:00:00+00') as since,
       coalesce(b.day, timestamptz '2000-01-01 00:00:00+00') + interval '24 hours' as until
  from virtualq.Tenant as n
  left join busiest as b on true
 where n.id = %(tenant_id)s;
