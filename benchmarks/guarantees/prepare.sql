-- The tables that the variants write to, each with the rows, the width and the indexes of the schema's own, and nothing
-- behind them: no trigger, no row security, no foreign key, no check.

-- name: add_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, is_system_defined)
values (null, 'guarantee', 'Round trip of the benchmark', %(machine)s, true)
returning id

-- name: choose_tenant
-- The biggest tenant.
select t.tenant_id
  from virtualq.Ticket as t
 group by t.tenant_id
 order by count(*) desc, t.tenant_id
 limit 1

-- name: add_tickets
-- Tickets of the round trip, as wide as the tenant's others: each takes over an existing one's queue and custom data.
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, custom_data, ttl_minutes)
select s.tenant_id, s.queue_id, %(type_id)s, s.custom_data, s.ttl_minutes
  from (
    select t.tenant_id, t.queue_id, t.custom_data, t.ttl_minutes, row_number() over (order by t.id) as place,
           count(*) over () as tickets
      from virtualq.Ticket as t
     where t.tenant_id = %(tenant_id)s
  ) as s
 cross join generate_series(0, (%(tickets)s - 1) / s.tickets) as r (round)
 where s.place + r.round * s.tickets <= %(tickets)s
 order by r.round, s.place

-- name: find_range
select min(t.id) as first_id, max(t.id) as last_id, count(*) as tickets
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.type_definition_id = %(type_id)s

-- name: make_schema
create schema guarantee

-- name: copy_bare_ticket
create table guarantee.BareTicket (like virtualq.Ticket including defaults including indexes)

-- name: copy_statement_ticket
create table guarantee.StatementTicket (like virtualq.Ticket including defaults including indexes)

-- name: copy_table_ticket
create table guarantee.TableTicket (like virtualq.Ticket including defaults including indexes)

-- name: copy_statement_history
create table guarantee.StatementHistory (like virtualq.TicketStateHistory including defaults including identity including indexes)

-- name: copy_statement_type
create table guarantee.StatementType (like virtualq.TypeDefinition including defaults including indexes)

-- name: make_table_transition
create table guarantee.TableTransition (
    id           bigint generated always as identity,
    ticket_id    bigint not null,
    to_state     varchar(32) not null,
    metadata     jsonb not null default '{}',
    sort_key     integer not null,
    most_recent  boolean not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    constraint tabletransition_pkey primary key (id)
)

-- name: fill_bare_ticket
insert into guarantee.BareTicket select t.* from virtualq.Ticket as t order by t.id

-- name: fill_statement_ticket
insert into guarantee.StatementTicket select t.* from virtualq.Ticket as t order by t.id

-- name: fill_table_ticket
insert into guarantee.TableTicket select t.* from virtualq.Ticket as t order by t.id

-- name: fill_statement_history
insert into guarantee.StatementHistory overriding system value
select h.* from virtualq.TicketStateHistory as h order by h.id

-- name: fill_statement_type
insert into guarantee.StatementType select t.* from virtualq.TypeDefinition as t

-- name: fill_table_transition
insert into guarantee.TableTransition (ticket_id, to_state, metadata, sort_key, most_recent, created_at, updated_at)
select h.ticket_id, h.to_state, jsonb_build_object('actor', h.actor), h.seq * 10,
       lead(h.seq) over (partition by h.ticket_id order by h.seq) is null, h.occurred_at, h.occurred_at
  from virtualq.TicketStateHistory as h
 order by h.id

-- name: add_transition_order
create unique index tabletransition_sort_key on guarantee.TableTransition (ticket_id, sort_key)

-- name: add_transition_recent
create unique index tabletransition_most_recent on guarantee.TableTransition (ticket_id, most_recent) where most_recent

-- name: settle
vacuum analyze

-- name: count_bare_update
-- How often tickets have been moved, and how many steps have been recorded: none, here.
select sum(t.version) as moves, 0 as records
  from guarantee.BareTicket as t
 where t.tenant_id = %(tenant_id)s
   and t.id between %(first_id)s and %(last_id)s

-- name: count_statement
select (
           select sum(t.version)
             from guarantee.StatementTicket as t
            where t.tenant_id = %(tenant_id)s
              and t.id between %(first_id)s and %(last_id)s
       ) as moves,
       (
           select count(*)
             from guarantee.StatementHistory as h
            where h.tenant_id = %(tenant_id)s
              and h.ticket_id between %(first_id)s and %(last_id)s
       ) as records

-- name: count_procedural
select (
           select sum(t.version)
             from virtualq.Ticket as t
            where t.tenant_id = %(tenant_id)s
              and t.id between %(first_id)s and %(last_id)s
       ) as moves,
       (
           select count(*)
             from virtualq.TicketStateHistory as h
            where h.tenant_id = %(tenant_id)s
              and h.ticket_id between %(first_id)s and %(last_id)s
       ) as records

-- name: count_transition_table
select (
           select sum(h.sort_key) / 10
             from guarantee.TableTransition as h
            where h.ticket_id between %(first_id)s and %(last_id)s
              and h.most_recent
       ) as moves,
       (
           select count(*)
             from guarantee.TableTransition as h
            where h.ticket_id between %(first_id)s and %(last_id)s
       ) as records
