-- The raw load that the seeder is measured against: what somebody would write who has the rows already.

-- name: list_columns
select a.attname
  from pg_attribute as a
 where a.attrelid = %(table)s::regclass
   and a.attnum > 0
   and not a.attisdropped
   and a.attgenerated = ''
 order by a.attnum

-- name: copy_out
copy (select {} from {}) to stdout (format binary)

-- name: copy_in
copy {} ({}) from stdin (format binary, freeze {})

-- name: prepare_transaction
select set_config('search_path', 'pg_catalog', true),
       set_config('maintenance_work_mem', '256MB', true),
       set_config('max_parallel_maintenance_workers', '2', true)

-- name: empty_tables
truncate virtualq.Customer, virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory;
delete from virtualq.TypeDefinitionRevision;
delete from virtualq.TypeDefinition

-- name: analyze_tables
analyze virtualq.Customer, virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory

-- name: vacuum_tables
vacuum (analyze)
    virtualq.Account, virtualq.Tenant, virtualq.Queue, virtualq.Customer, virtualq.Employee,
    virtualq.TypeDefinition, virtualq.TypeDefinitionRevision,
    virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory
