-- What the catalogue says about the tables that are loaded, as statements that take it away and bring it back.
-- Names are spelled out with their schemas; the definitions are the server's own.

-- name: list_foreign_keys
-- Keys out of the tables and into them.
select format('alter table %%I.%%I drop constraint %%I', n.nspname, r.relname, c.conname) as take,
       format('alter table %%I.%%I add constraint %%I %%s', n.nspname, r.relname, c.conname, pg_get_constraintdef(c.oid))
           as bring
  from pg_constraint as c
  join pg_class as r on r.oid = c.conrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where c.contype = 'f'
   and c.conparentid = 0
   and (c.conrelid = any (%(tables)s::regclass[]) or c.confrelid = any (%(tables)s::regclass[]))
 order by r.relname, c.conname;

-- name: list_keys
-- The index of a key is cheaper to build the smaller it is; the order of the tables is the caller's.
select format('alter table %%I.%%I drop constraint %%I', n.nspname, r.relname, c.conname) as take,
       format('alter table %%I.%%I add constraint %%I %%s', n.nspname, r.relname, c.conname, pg_get_constraintdef(c.oid))
           as bring
  from pg_constraint as c
  join pg_class as r on r.oid = c.conrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where c.contype in ('p', 'u', 'x')
   and c.conrelid = any (%(tables)s::regclass[])
 order by array_position(%(tables)s::regclass[], c.conrelid::regclass), c.conname;

-- name: list_indexes
-- Of a partitioned table, the definition is given without the partitions, to which it is to be brought back as well.
select format('drop index %%I.%%I', n.nspname, r.relname) as take,
       regexp_replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') as bring
  from pg_index as i
  join pg_class as r on r.oid = i.indexrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where i.indrelid = any (%(tables)s::regclass[])
   and not exists (select from pg_constraint as c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
 order by array_position(%(tables)s::regclass[], i.indrelid::regclass), r.relname;

-- name: list_triggers
-- A trigger that somebody has disabled stays disabled. A partition may have some that its table has not handed down.
select format('alter table %%I.%%I disable trigger %%I', n.nspname, r.relname, t.tgname) as take,
       format('alter table %%I.%%I enable %%s trigger %%I', n.nspname, r.relname,
           case t.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, t.tgname) as bring
  from pg_trigger as t
  join pg_class as r on r.oid = t.tgrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where coalesce(pg_partition_root(t.tgrelid), t.tgrelid) = any (%(tables)s::regclass[])
   and not t.tgisinternal
   and t.tgparentid = 0
   and t.tgenabled <> 'D'
 order by r.relname, t.tgname;

-- name: list_forced_tables
-- Binary COPY refuses a table whose row security binds the one who copies, and it binds the owner where it is forced.
-- Of partitions that is not asked.
select format('alter table %I.%I no force row level security', n.nspname, r.relname) as take,
       format('alter table %I.%I force row level security', n.nspname, r.relname) as bring
  from pg_class as r
  join pg_namespace as n on n.oid = r.relnamespace
 where n.nspname = 'virtualq'
   and r.relkind in ('r', 'p')
   and not r.relispartition
   and r.relforcerowsecurity
 order by r.relname;

-- name: list_comments
select format('comment on index %%I.%%I is %%L', n.nspname, r.relname, obj_description(i.indexrelid, 'pg_class')) as bring
  from pg_index as i
  join pg_class as r on r.oid = i.indexrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where i.indrelid = any (%(tables)s::regclass[])
   and obj_description(i.indexrelid, 'pg_class') is not null
union all
select format('comment on constraint %%I on %%I.%%I is %%L', c.conname, n.nspname, r.relname,
           obj_description(c.oid, 'pg_constraint'))
  from pg_constraint as c
  join pg_class as r on r.oid = c.conrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where (c.conrelid = any (%(tables)s::regclass[]) or c.confrelid = any (%(tables)s::regclass[]))
   and c.contype in ('p', 'u', 'x', 'f')
   and obj_description(c.oid, 'pg_constraint') is not null
 order by 1;

-- name: list_identities
-- `restart` is undone with its transaction, which `setval` is not.
select r.relname as table_name,
       a.attname as column_name,
       format('select coalesce(max(%%I), 0) + 1 from %%I.%%I', a.attname, n.nspname, r.relname) as find,
       format('alter table %%I.%%I alter column %%I restart with ', n.nspname, r.relname, a.attname) as restart,
       pg_get_serial_sequence(format('%%I.%%I', n.nspname, r.relname), a.attname) as sequence
  from pg_attribute as a
  join pg_class as r on r.oid = a.attrelid
  join pg_namespace as n on n.oid = r.relnamespace
 where a.attrelid = any (%(tables)s::regclass[])
   and a.attidentity <> ''
 order by r.relname;

-- name: set_identity
-- Where the tables are spread over nodes, whose identities cannot be altered. The nodes number from far above.
select setval(%(sequence)s::regclass, %(following)s, false)

-- name: describe_tables
-- Everything that the load takes away, to compare before and after.
select 'constraint' as kind, c.conrelid::regclass::text as owner, c.conname as name,
       concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable, c.condeferred,
           obj_description(c.oid, 'pg_constraint')) as definition
  from pg_constraint as c
 where c.conparentid = 0
   and (c.conrelid = any (%(tables)s::regclass[]) or c.confrelid = any (%(tables)s::regclass[]))
union all
select 'index', i.indrelid::regclass::text, i.indexrelid::regclass::text,
       concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, i.indisclustered,
           obj_description(i.indexrelid, 'pg_class'))
  from pg_index as i
 where i.indrelid = any (%(tables)s::regclass[])
union all
select 'trigger', t.tgrelid::regclass::text, t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
  from pg_trigger as t
 where coalesce(pg_partition_root(t.tgrelid), t.tgrelid) = any (%(tables)s::regclass[])
   and not t.tgisinternal
union all
select 'row security', r.oid::regclass::text, r.relname,
       concat_ws(' ', r.relrowsecurity, r.relforcerowsecurity)
  from pg_class as r
  join pg_namespace as n on n.oid = r.relnamespace
 where n.nspname = 'virtualq'
   and r.relkind in ('r', 'p')
 order by 1, 2, 3;
