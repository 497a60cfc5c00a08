-- What a run of the suite is tried against.

-- name: add_neighbour
-- A tenant of somebody else's, with a ticket.
with account as (
    insert into virtualq.Account (name) values ('Somebody else') returning id
), tenant as (
    insert into virtualq.Tenant (account_id, name) select id, 'Elsewhere' from account returning id
)
insert into virtualq.Queue (tenant_id, name) select id, 'counter' from tenant returning tenant_id, id as queue_id

-- name: add_neighbours_ticket
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id)
select %(tenant_id)s, %(queue_id)s, t.id from virtualq.TypeDefinition as t where t.scope = 0 and t.type_code = 'order'

-- name: add_leftover
-- What a killed run leaves: the suite's account, and nobody who holds it.
with account as (
    insert into virtualq.Account (name) values ('VirtualQ conformance suite') returning id
)
insert into virtualq.Tenant (account_id, name) select id, 'Left over' from account

-- name: read_everything
-- What there is, row by row.
select (select array_agg(a.name order by a.id) from virtualq.Account as a) as accounts,
       (select array_agg(t.name order by t.id) from virtualq.Tenant as t) as tenants,
       (select array_agg((q.tenant_id, q.id, q.name) order by q.id)::text from virtualq.Queue as q) as queues,
       (select array_agg((y.scope, y.id, y.revision, y.fsm_schema) order by y.id)::text from virtualq.TypeDefinition as y)
           as types,
       (select array_agg(t order by t.id)::text from virtualq.Ticket as t) as tickets,
       (select array_agg(h order by h.id)::text from virtualq.TicketStateHistory as h) as history

-- name: list_disabled_triggers
select g.tgname from pg_trigger as g where g.tgenabled <> 'O' and not g.tgisinternal order by g.tgname
