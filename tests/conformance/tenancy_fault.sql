-- Things that came later and were not thought through, each in a good database.

-- name: table_without_policy
create table virtualq.Note (
    id         bigint generated always as identity,
    tenant_id  integer not null,
    ticket_id  bigint not null,
    body       text not null,
    constraint note_pkey primary key (tenant_id, id),
    constraint note_ticket_fkey foreign key (tenant_id, ticket_id) references virtualq.Ticket (tenant_id, id)
);
grant select, insert, update, delete on virtualq.Note to virtualq_app

-- name: table_of_the_unknown
create table virtualq.Area (
    id         bigint generated always as identity,
    tenant_id  integer not null references virtualq.Tenant (id),
    outline    polygon not null,
    constraint area_pkey primary key (tenant_id, id)
);
grant select on virtualq.Area to virtualq_app

-- name: view_of_its_owner
create view virtualq.Board as select t.id, t.extid, t.current_state from virtualq.Ticket as t;
grant select on virtualq.Board to virtualq_app

-- name: view_that_counts
create view virtualq.Busy as select count(*) as tickets from virtualq.Ticket;
grant select on virtualq.Busy to virtualq_app

-- name: function_that_tells
create function virtualq.find_ticket(ticket_id bigint) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
return (select t.extid from virtualq.Ticket as t where t.id = ticket_id);
alter function virtualq.find_ticket owner to virtualq_maintainer;
revoke execute on function virtualq.find_ticket from public;
grant execute on function virtualq.find_ticket to virtualq_app

-- name: function_that_changes
create function virtualq.rename_queue(tenant_id integer, queue_id integer, actor text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
    update virtualq.Queue as q set name = actor where q.id = rename_queue.queue_id;
end;
alter function virtualq.rename_queue owner to virtualq_maintainer;
revoke execute on function virtualq.rename_queue from public;
grant execute on function virtualq.rename_queue to virtualq_app

-- name: function_of_the_unknown
create function virtualq.greet(salutation text) returns text language sql immutable return salutation;
revoke execute on function virtualq.greet from public;
grant execute on function virtualq.greet to virtualq_app

-- name: policy_that_checks_nothing
alter policy own_tenant on virtualq.Customer with check (true)

-- name: key_that_may_be_null
create table virtualq.Note (
    id         bigint generated always as identity,
    tenant_id  integer,
    ticket_id  bigint not null,
    constraint note_pkey primary key (id),
    constraint note_ticket_fkey foreign key (tenant_id, ticket_id) references virtualq.Ticket (tenant_id, id)
)

-- name: error_that_differs
-- The trigger that refuses a ticket for another tenant before anything is looked up for it.
drop trigger ticket_keeps_tenant on virtualq.Ticket

-- name: right_to_truncate
grant truncate on virtualq.TicketItem to virtualq_app

-- name: function_for_everybody
create function virtualq.twice(batch integer) returns integer language sql immutable return 2 * batch
