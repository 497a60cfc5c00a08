-- name: list_identifiers
-- For every table of things, whether it has an extid that is a uuid, mandatory, drawn by default and unique by itself;
-- in a partitioned table, where no key can be without them, together with the columns that it is partitioned by.
-- A thing is what is numbered; a step of a history is called by its operation instead.
select c.relname as "table",
       coalesce(
           a.atttypid = 'uuid'::regtype
           and a.attnotnull
           and a.atthasdef
           and exists (
               select from pg_index as i
                where i.indrelid = c.oid
                  and i.indisunique
                  and i.indpred is null
                  and i.indkey::text = concat_ws(
                          ' ', (select p.partattrs::text from pg_partitioned_table as p where p.partrelid = c.oid), a.attnum)
           ),
           false
       ) as is_identified
  from pg_class as c
  left join pg_attribute as a on a.attrelid = c.oid and a.attname = 'extid' and not a.attisdropped
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p')
   and not c.relispartition
   and c.relname <> 'ticketstatehistory'
   and exists (
           select
             from pg_attribute as n
            where n.attrelid = c.oid
              and n.attnum > 0
              and not n.attisdropped
              and pg_get_serial_sequence(format('%%I.%%I', 'virtualq', c.relname), n.attname) is not null
       )
 order by c.relname

-- name: find_id_types
select c.relname as "table", a.atttypid::regtype::text as type, a.attidentity = 'a' as is_always_drawn
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attname = 'id'
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relname in ('ticket', 'ticketitem', 'ticketstatehistory')
 order by c.relname

-- name: draw_extids
-- Each with the millisecond before and after it was drawn.
select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as before_ms,
       virtualq.new_extid() as extid,
       floor(extract(epoch from clock_timestamp()) * 1000)::bigint as after_ms
  from generate_series(1, %(count)s)

-- name: plant_own_extid
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, extid)
select t.tenant_id, t.queue_id, t.type_definition_id, t.extid from virtualq.Ticket as t where t.id = %(ticket_id)s

-- What the application may not choose.

-- name: choose_ticket_extid
insert into virtualq.Ticket (queue_id, type_definition_id, extid) values (%(queue_id)s, %(type_id)s, gen_random_uuid())

-- name: choose_ticket_id
insert into virtualq.Ticket (id, queue_id, type_definition_id)
overriding system value
values (1, %(queue_id)s, %(type_id)s)

-- name: choose_item_extid
insert into virtualq.TicketItem (ticket_id, name, extid) values (%(ticket_id)s, 'tea', gen_random_uuid())

-- name: choose_new_ticket_extid
update virtualq.Ticket set extid = gen_random_uuid() where id = %(ticket_id)s

-- name: choose_new_queue_extid
update virtualq.Queue set extid = gen_random_uuid() where id = %(queue_id)s

-- name: choose_new_customer_extid
update virtualq.Customer set extid = gen_random_uuid()

-- name: choose_new_type_extid
update virtualq.TypeDefinition set extid = gen_random_uuid() where id = %(type_id)s

-- name: choose_version
update virtualq.Ticket set version = 7 where id = %(ticket_id)s

-- name: choose_creation
update virtualq.Ticket set created_at = 'infinity' where id = %(ticket_id)s

-- name: choose_closing
update virtualq.Ticket set closed_at = now() where id = %(ticket_id)s
