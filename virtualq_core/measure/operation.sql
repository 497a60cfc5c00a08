-- name: choose_ground
-- Where tickets are written to be timed: the tenant with the fewest tickets that has a queue, so that what the listings
-- are measured on is left alone; and each type that it may use, with what a ticket of that type usually holds.
with quiet as (
    select q.tenant_id, min(q.id) as queue_id
      from virtualq.Queue as q
     where not exists (select from virtualq.Ticket as t where t.queue_id = q.id and t.closed_at is null)
     group by q.tenant_id
     order by (select count(*) from virtualq.Ticket as t where t.tenant_id = q.tenant_id), q.tenant_id
     limit 1
),
fallback as (
    select q.tenant_id, q.id as queue_id
      from virtualq.Queue as q
     order by (select count(*) from virtualq.Ticket as t where t.tenant_id = q.tenant_id), q.tenant_id, q.id
     limit 1
),
ground as (
    select * from quiet
    union all
    select * from fallback where not exists (select from quiet)
)
select g.tenant_id, g.queue_id, y.id as type_definition_id, y.initial_state, y.fsm_compiled,
       (select t.custom_data
          from virtualq.Ticket as t
         where t.type_scope = y.scope and t.type_definition_id = y.id and t.custom_data is not null
         order by t.id desc
         limit 1) as custom_data
  from ground as g
  join virtualq.TypeDefinition as y on y.scope = 0 or y.tenant_id = g.tenant_id
 order by y.scope, y.id;

-- name: read_log_position
select pg_current_wal_insert_lsn() - '0/0'::pg_lsn;
