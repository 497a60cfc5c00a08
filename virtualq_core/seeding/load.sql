-- name: prepare_transaction
-- Only for this transaction: a name means what the catalogue says, work may take its time, waiting may not, and
-- sorting has room.
select set_config('search_path', 'pg_catalog', true),
       set_config('statement_timeout', '0', true),
       set_config('lock_timeout', '10s', true),
       set_config('idle_in_transaction_session_timeout', '0', true),
       set_config('client_encoding', 'UTF8', true),
       set_config('maintenance_work_mem',
           greatest(pg_size_bytes(current_setting('maintenance_work_mem')), 268435456)::text || 'B', true),
       set_config('max_parallel_maintenance_workers',
           greatest(current_setting('max_parallel_maintenance_workers')::integer, 2)::text, true);

-- name: lock_marker
-- Of two seeders at once, one is refused here.
select schema_version
  from virtualq.Installation
   for update nowait;

-- name: prepare_spread_transaction
-- Where the tables are spread over nodes, besides: one connection to each of them, on which all of it is seen; and no
-- setting of this transaction sent to them as the text of several.
select set_config('citus.multi_shard_modify_mode', 'sequential', true),
       set_config('citus.enable_unsafe_triggers', 'on', true),
       set_config('citus.propagate_set_commands', 'none', true);

-- name: keep_first_revisions
-- What a trigger does in one database.
insert into virtualq.TypeDefinitionRevision (
    scope, type_definition_id, revision, custom_fields_schema, fsm_schema, fsm_compiled, initial_state, state_mapping
)
select t.scope, t.id, t.revision, t.custom_fields_schema, t.fsm_schema, t.fsm_compiled, t.initial_state, t.state_mapping
  from virtualq.TypeDefinition as t
 where not exists (
           select from virtualq.TypeDefinitionRevision as r where r.scope = t.scope and r.type_definition_id = t.id
       );

-- name: find_layout
-- The partitioned tables; whether the history is spread by month, with its keys in a table of their own; and whether the
-- tables are spread over nodes.
select array(
           select r.relname::text
             from pg_class as r
            where r.relnamespace = 'virtualq'::regnamespace
              and r.relkind = 'p'
       ) as partitioned,
       to_regclass('virtualq.ticketstatehistorykey') is not null as is_by_month,
       (select i.layout = 'distributed' from virtualq.Installation as i) as is_spread;

-- name: make_months
-- From the month of the first moment to that of the last.
select virtualq.make_month_partition(virtualq.first_of_month(%(first)s::timestamptz, later))
  from generate_series(0, 1200) as later
 where virtualq.first_of_month(%(first)s::timestamptz, later) <= %(last)s::timestamptz;

-- name: fill_step_keys
-- What the trigger would have written, with each step.
insert into virtualq.TicketStateHistoryKey (tenant_id, ticket_id, seq, operation_id, occurred_at)
select h.tenant_id, h.ticket_id, h.seq, h.operation_id, h.occurred_at
  from virtualq.TicketStateHistory as h;

-- name: analyze_step_keys
analyze virtualq.TicketStateHistoryKey;

-- name: vacuum_step_keys
vacuum (analyze) virtualq.TicketStateHistoryKey;

-- name: find_occupied
select name
  from (values
    ('account', exists (select from virtualq.Account)),
    ('tenant', exists (select from virtualq.Tenant)),
    ('queue', exists (select from virtualq.Queue)),
    ('customer', exists (select from virtualq.Customer)),
    ('employee', exists (select from virtualq.Employee)),
    ('typedefinition', exists (select from virtualq.TypeDefinition where scope <> 0)),
    ('ticket', exists (select from virtualq.Ticket)),
    ('ticketitem', exists (select from virtualq.TicketItem)),
    ('ticketstatehistory', exists (select from virtualq.TicketStateHistory))
  ) as t (name, is_occupied)
 where is_occupied;

-- name: empty_tables
-- They are empty already. A table truncated in the same transaction can be loaded frozen: no vacuum has to
-- rewrite it afterwards.
truncate virtualq.Customer, virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory;

-- name: insert_type
insert into virtualq.TypeDefinition (
    id, extid, tenant_id, type_code, type_name, custom_fields_schema, fsm_schema, is_system_defined
)
overriding system value
values (
    %(id)s, %(extid)s, %(tenant_id)s, %(type_code)s, %(type_name)s, %(custom_fields_schema)s, %(fsm_schema)s,
    %(tenant_id)s::integer is null
);

-- name: list_types
select t.id, t.scope, t.type_code, t.revision, t.initial_state,
       coalesce(t.fsm_schema #>> '{init,from}', 'none') as initial_from,
       coalesce(t.fsm_schema #>> '{init,name}', 'init') as initial_name,
       t.fsm_compiled, t.terminal_states, t.custom_fields_schema
  from virtualq.TypeDefinition as t
 order by t.id;

-- name: analyze_tables
analyze virtualq.Customer, virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory;

-- name: measure_tables
select sum(pg_total_relation_size(c.oid))::bigint as size_bytes
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = 'virtualq'
   and c.relkind = 'r';

-- name: measure_spread_tables
-- The same over all nodes.
select sum(citus_total_relation_size(p.logicalrelid))::bigint as size_bytes
  from pg_dist_partition as p
  join pg_class as c on c.oid = p.logicalrelid
 where c.relnamespace = 'virtualq'::regnamespace;

-- name: mark_dataset
update virtualq.Installation
   set dataset = %(dataset)s;

-- name: vacuum_tables
vacuum (analyze)
    virtualq.Account, virtualq.Tenant, virtualq.Queue, virtualq.Customer, virtualq.Employee,
    virtualq.TypeDefinition, virtualq.TypeDefinitionRevision,
    virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory;

-- name: read_dataset
select dataset
  from virtualq.Installation;
