-- name: plant_faults
drop index virtualq.idx_ticket_queue_state_created;
alter table virtualq.Ticket disable trigger zz_ticket_transition

-- name: make_foreign_table
create table public.precious as select generate_series(1, 10) as id

-- name: describe_database
select c.oid, c.relname, c.relfilenode, pg_relation_size(c.oid), n.nspname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
 order by c.oid

-- name: list_databases
select d.datname from pg_database as d where d.datname like 'vq\_check%' order by d.datname
