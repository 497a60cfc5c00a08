-- name: disable_enforcement
alter table virtualq.Ticket disable trigger zz_ticket_transition

-- name: make_foreign_table
create table somebodys (id integer)

-- name: count_tenants
select count(*) from virtualq.Tenant
