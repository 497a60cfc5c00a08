-- name: make_place
create table place (n integer primary key)

-- name: add_row
insert into place (n) values (%(n)s)

-- name: has_row
select exists (select from place as p where p.n = %(n)s)

-- name: count_rows
select count(*) from place

-- name: list_many
select g.n, repeat('x', 100) from generate_series(1, 20000) as g (n)

-- name: fail
select 1 / 0

-- name: copy_rows
copy place (n) from stdin

-- name: read_start
select pg_postmaster_start_time()

-- name: read_settings
select current_setting('synchronous_commit'), current_setting('work_mem'), current_setting('wal_writer_delay')

-- name: commit_lazily
alter database {name} set synchronous_commit = off

-- name: set_for_all
alter role all in database {name} set work_mem = '5MB'

-- name: list_schema
-- Everything of the schema by kind and name, with its owner and the rights to it.
select p.oid::regprocedure::text as name, p.proowner::regrole::text as owner, p.proacl::text as rights
  from pg_proc as p
 where p.pronamespace = 'virtualq'::regnamespace
union all
select c.oid::regclass::text, c.relowner::regrole::text, c.relacl::text
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
union all
select format('%s on %s', p.polname, p.polrelid::regclass), p.polroles::regrole[]::text, p.polcmd::text
  from pg_policy as p
union all
select format('%s on %s', t.tgname, t.tgrelid::regclass), t.tgenabled::text, pg_get_triggerdef(t.oid)
  from pg_trigger as t
 where not t.tgisinternal
union all
select r.rolname, r.rolinherit::text,
       array(select m.roleid::regrole::text from pg_auth_members as m where m.member = r.oid order by 1)::text
  from pg_roles as r
 where r.rolname like 'virtualq%'
 order by 1, 2, 3
