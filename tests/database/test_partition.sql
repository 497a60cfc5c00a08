-- name: list_partitions
select c.relname from pg_class as c where c.relispartition and c.relkind = 'r' order by c.relname

-- name: list_loose_partitions
select c.relname
  from pg_class as c
 where c.relispartition
   and c.relkind = 'r'
   and not (c.relrowsecurity and c.relforcerowsecurity)

-- name: read_partition
select from virtualq.{table} limit 1

-- name: falsify_by_update
update virtualq.{table} set actor = 'mallory'

-- name: falsify_by_delete
delete from virtualq.{table}

-- name: falsify_by_truncate
truncate virtualq.{table}

-- name: count_places
select t.tenant_id, count(distinct t.tableoid) from virtualq.{table} as t group by t.tenant_id

-- name: count_steps
select count(*) from virtualq.TicketStateHistory

-- name: count_detached_steps
select count(*) from virtualq.DetachedStep

-- name: repeat_step
insert into virtualq.TicketStateHistory (
    tenant_id, ticket_id, seq, revision, from_state, to_state, actor, operation_id, occurred_at
)
select h.tenant_id, h.ticket_id, h.seq, h.revision, h.from_state, h.to_state, h.actor, gen_random_uuid(),
       h.occurred_at + interval '1 month'
  from virtualq.TicketStateHistory as h
 limit 1

-- name: repeat_operation
insert into virtualq.TicketStateHistory (
    tenant_id, ticket_id, seq, revision, from_state, to_state, actor, operation_id, occurred_at
)
select h.tenant_id, h.ticket_id, 900, h.revision, h.from_state, h.to_state, h.actor, h.operation_id,
       h.occurred_at + interval '1 month'
  from virtualq.TicketStateHistory as h
 limit 1

-- name: silence_keys
alter table virtualq.TicketStateHistoryKey disable trigger user

-- name: lose_key
delete from virtualq.TicketStateHistoryKey as k
 using (select min(o.ticket_id) as id from virtualq.TicketStateHistoryKey as o) as first
 where k.ticket_id = first.id
   and k.seq = 1
returning k.tenant_id, k.ticket_id

-- name: set_clock_back
-- The step before one of August is said to have occurred in November.
update virtualq.TicketStateHistoryKey
   set occurred_at = '2025-11-01'
 where (tenant_id, ticket_id, seq) = (
           select h.tenant_id, h.ticket_id, h.seq - 1
             from virtualq.TicketStateHistory as h
            where h.seq > 1
              and h.occurred_at < '2025-09-01'
            limit 1
       )

-- name: name_present
select to_char(now() at time zone 'UTC', '"ticketstatehistory_"YYYY_MM')

-- name: drop_partition
drop table virtualq.{table}

-- name: keep_months
select virtualq.keep_month_partitions()

-- name: attach
select virtualq.attach_history()

-- name: find_place
select r.relname
  from virtualq.TicketStateHistory as h
  join pg_class as r on r.oid = h.tableoid
 where h.ticket_id = %(ticket_id)s
   and h.seq = %(seq)s

-- name: find_open_ticket
-- With a transition that it may take.
select t.tenant_id, t.id, jsonb_object_keys(y.fsm_compiled -> t.current_state::text)
  from virtualq.Ticket as t
  join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
 where t.closed_at is null
   and t.tenant_id = coalesce(%(tenant_id)s, t.tenant_id)
 order by t.id
 limit 1

-- name: find_oldest_operation
select h.tenant_id, h.operation_id from virtualq.TicketStateHistory as h order by h.occurred_at limit 1

-- name: find_long_closed
select t.tenant_id, t.id from virtualq.Ticket as t where t.closed_at < '2025-09-20' order by t.closed_at limit 1

-- name: delete_ticket
delete from virtualq.Ticket where id = %(ticket_id)s

-- name: read_ticket_rows
select from virtualq.{table} where ticket_id = %(ticket_id)s

-- name: read_tenant_rows
select from virtualq.{table} where tenant_id = %(tenant_id)s

-- name: purge
select virtualq.purge_history(%(tenant_id)s, '2025-09-20')

-- name: off_board
select virtualq.off_board_tenant(%(tenant_id)s)

-- name: owners_keep_months
select virtualq.keep_month_partitions()

-- name: owners_detach
select virtualq.detach_history('2025-10-01')

-- name: owners_attach
select virtualq.attach_history()

-- name: owners_make_default
select virtualq.make_default_partition()
