-- name: find_foreign_objects
-- What somebody made in this database outside the schema `virtualq`. An extension's own objects do not count, nor does
-- what every database has. Reads the catalogue only.
with home as (
    select oid, nspname
      from pg_catalog.pg_namespace
     where nspname !~ '^pg_'
       and nspname not in ('information_schema', 'virtualq')
), object (catalogue, oid, kind, name) as (
    select 'pg_catalog.pg_class'::regclass, c.oid,
           case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
                          when 'c' then 'type' when 'f' then 'foreign table' else 'table' end,
           format('%I.%I', home.nspname, c.relname)
      from pg_catalog.pg_class as c
      join home on home.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    union all
    select 'pg_catalog.pg_proc'::regclass, p.oid, 'function', format('%I.%I', home.nspname, p.proname)
      from pg_catalog.pg_proc as p
      join home on home.oid = p.pronamespace
    union all
    select 'pg_catalog.pg_type'::regclass, t.oid, 'type', format('%I.%I', home.nspname, t.typname)
      from pg_catalog.pg_type as t
      join home on home.oid = t.typnamespace
     where t.typtype in ('d', 'e', 'r')
        or t.typtype = 'b' and t.typelem = 0
    union all
    select 'pg_catalog.pg_namespace'::regclass, home.oid, 'schema', format('%I', home.nspname)
      from home
     where home.nspname <> 'public'
    union all
    select 'pg_catalog.pg_event_trigger'::regclass, e.oid, 'event trigger', format('%I', e.evtname)
      from pg_catalog.pg_event_trigger as e
    union all
    select 'pg_catalog.pg_publication'::regclass, p.oid, 'publication', format('%I', p.pubname)
      from pg_catalog.pg_publication as p
    union all
    select 'pg_catalog.pg_foreign_server'::regclass, s.oid, 'foreign server', format('%I', s.srvname)
      from pg_catalog.pg_foreign_server as s
    union all
    select 'pg_catalog.pg_largeobject_metadata'::regclass, l.oid, 'large object', l.oid::text
      from pg_catalog.pg_largeobject_metadata as l
)
select object.kind,
       object.name,
       count(*) over () as total
  from object
 where not exists (
           select
             from pg_catalog.pg_depend as d
            where d.classid = object.catalogue
              and d.objid = object.oid
              and d.deptype = 'e'
       )
 order by object.kind <> 'table',
          object.kind <> 'view',
          object.name
 limit 3

-- name: find_schema
-- Whether the schema is there, and with it the table that says what it is.
select to_regnamespace('virtualq') is not null as has_schema,
       to_regclass('virtualq.installation') is not null as has_record

-- name: read_installation
-- Schemas of revisions that knew one layout only have no column for it.
select i.schema_version,
       i.schema_hash,
       i.indexes,
       coalesce(to_jsonb(i) ->> 'layout', 'none') as layout,
       i.harness_may_write,
       i.dataset,
       i.installed_at
  from virtualq.Installation as i

-- name: permit_harness
-- The owner's word that the harness may write here, or its withdrawal.
update virtualq.Installation
   set harness_may_write = %(may_write)s
