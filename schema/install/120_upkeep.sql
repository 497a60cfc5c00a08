-- What time does to tickets. Time is a parameter: the same call with the same `at` gives the same answer.

-- Take the `expire` edge for open tickets whose time to live has run out and whose machine has one from where they
-- are. At most `batch` tickets a call, oldest first; rows that somebody is working on are left for the next call.
create function virtualq.expire_tickets(
    tenant_id  integer,
    at         timestamptz default now(),
    batch      integer default 1000
) returns setof bigint
language plpgsql
as $$
#variable_conflict use_variable
begin
    perform virtualq.enter_tenant(tenant_id);
    return query
    with overdue as (
        select t.id
          from virtualq.Ticket as t
          join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
         where t.tenant_id = expire_tickets.tenant_id
           and t.closed_at is null
           and t.created_at + make_interval(mins => t.ttl_minutes) <= at
           and y.fsm_compiled -> t.current_state::text ? 'expire'
         order by t.created_at, t.id
         limit batch
           for no key update of t skip locked
    )
    update virtualq.Ticket as t
       set transition_name = 'expire',
           transition_actor = 'virtualq.expire_tickets'
      from overdue
     where t.tenant_id = expire_tickets.tenant_id
       and t.id = overdue.id
    returning t.id;
end
$$;

-- Measure each queue's service rate (tickets closed a minute over `window_length` before `at`) and set the estimated
-- wait of its open tickets: position over rate, rounded up. A queue that served nobody in the window keeps its last
-- rate; one that never did has no estimate. Returns the number of tickets whose estimate changed.
create function virtualq.refresh_waits(
    tenant_id      integer,
    at             timestamptz default now(),
    window_length  interval default '1 hour'
) returns bigint
language plpgsql
as $$
#variable_conflict use_variable
declare
    changed  bigint;
begin
    perform virtualq.enter_tenant(tenant_id);
    update virtualq.Queue as q
       set served_per_minute = served.tickets / (extract(epoch from window_length) / 60),
           measured_at = at
      from (
        select t.queue_id, count(*) as tickets
          from virtualq.Ticket as t
         where t.tenant_id = refresh_waits.tenant_id
           and t.closed_at > at - window_length
           and t.closed_at <= at
         group by t.queue_id
      ) as served
     where q.tenant_id = refresh_waits.tenant_id
       and q.id = served.queue_id;

    with placed as (
        select t.id, t.queue_id,
               row_number() over (partition by t.queue_id order by t.created_at, t.id) as position
          from virtualq.Ticket as t
         where t.tenant_id = refresh_waits.tenant_id
           and t.closed_at is null
    ),
    estimated as (
        select p.id, least(ceil(p.position / q.served_per_minute), 2147483647)::integer as minutes
          from placed as p
          join virtualq.Queue as q on q.tenant_id = refresh_waits.tenant_id and q.id = p.queue_id
         where q.served_per_minute is not null
    ),
    -- Locked in the order of their ids, as the bulk transition locks, so that the two never deadlock.
    outdated as materialized (
        select t.id, e.minutes
          from virtualq.Ticket as t
          join estimated as e on e.id = t.id
         where t.tenant_id = refresh_waits.tenant_id
           and t.closed_at is null
           and t.estimated_wait_minutes is distinct from e.minutes
         order by t.id
           for no key update of t
    )
    update virtualq.Ticket as t
       set estimated_wait_minutes = o.minutes
      from outdated as o
     where t.tenant_id = refresh_waits.tenant_id
       and t.id = o.id;
    get diagnostics changed = row_count;
    return changed;
end
$$;
