-- name: read_settings
-- The settings that decide how fast a server is and how durable.
select s.name,
       current_setting(s.name) as value
  from pg_catalog.pg_settings as s
 where s.name = any (%(names)s)
 order by s.name

-- name: read_extensions
select e.extname as name,
       e.extversion as version
  from pg_catalog.pg_extension as e
 order by e.extname

-- name: read_database
select current_setting('server_version') as postgres_version,
       version() as postgres_build,
       pg_encoding_to_char(d.encoding) as postgres_encoding,
       d.datcollate as postgres_collation
  from pg_catalog.pg_database as d
 where d.datname = current_database()
