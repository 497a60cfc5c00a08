-- name: find_capabilities
-- What a test may require of a server by name: extensions that this role can use here, and rights.
with self as (
    select r.rolsuper, r.rolcreatedb, r.rolcreaterole
      from pg_catalog.pg_roles as r
     where r.rolname = current_user
)
select x.name
  from pg_catalog.pg_available_extensions as x
 cross join self
 where (x.installed_version is not null
        or self.rolsuper
        or exists (
               select
                 from pg_catalog.pg_available_extension_versions as v
                where v.name = x.name
                  and v.version = x.default_version
                  and v.trusted
           ))
   -- Of those that count for nothing unless they are preloaded, only the loaded.
   and (x.name <> 'pg_stat_statements' or current_setting('pg_stat_statements.track', true) is not null)
union all
select 'superuser' from self where self.rolsuper
union all
select 'createdb' from self where self.rolcreatedb or self.rolsuper
union all
select 'createrole' from self where self.rolcreaterole or self.rolsuper

-- name: has_plain_update
-- Whether the application may move a ticket by an UPDATE of its own, or by functions alone.
select has_column_privilege('virtualq_app', 'virtualq.ticket', 'current_state', 'update')

-- name: has_derived_tenant
-- Whether a trigger may still say whose a ticket is: not where that decides, before any trigger, where the ticket lies.
select not exists (
           select
             from pg_partitioned_table as p
             join pg_attribute as a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs)
            where p.partrelid = 'virtualq.ticket'::regclass
              and a.attname = 'tenant_id'
       )
