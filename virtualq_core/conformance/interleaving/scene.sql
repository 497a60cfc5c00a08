-- name: add_tenant
-- The tenant with its queues, which have a rate, so that a refresh of waits has something to write, and its people.
with tenant as (
    insert into virtualq.Tenant (account_id, name) values (%(account_id)s, %(name)s) returning id
),
queue as (
    insert into virtualq.Queue (tenant_id, name, served_per_minute)
    select t.id, w.name, 1 from tenant as t cross join unnest(%(queues)s::text[]) as w (name)
    returning name, id
),
customer as (
    insert into virtualq.Customer (tenant_id, name)
    select t.id, w.name from tenant as t cross join unnest(%(customers)s::text[]) as w (name)
    returning name, uid as id
),
employee as (
    insert into virtualq.Employee (tenant_id, name)
    select t.id, w.name from tenant as t cross join unnest(%(employees)s::text[]) as w (name)
    returning name, id
)
select 'tenant' as what, null as name, t.id from tenant as t
union all select 'queue', q.name, q.id from queue as q
union all select 'customer', c.name, c.id from customer as c
union all select 'employee', e.name, e.id from employee as e
