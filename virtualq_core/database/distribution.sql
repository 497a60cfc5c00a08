-- name: find_citus
-- Whether this database can spread tables, and if not, whether its server could.
select to_regprocedure('pg_catalog.citus_version()') is not null as is_there,
       exists (select from pg_available_extensions as e where e.name = 'citus') as is_available

-- name: read_version
select citus_version()
