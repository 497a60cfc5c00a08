-- name: list_relations
-- Whatever rows can be read from or written to, and what of it is the application's. `owner` is the column that says
-- whose a row is.
select c.relname as name,
       c.relkind::text as kind,
       c.relispartition as is_partition,
       (
           select a.attname
             from pg_attribute as a
            where a.attrelid = c.oid
              and a.attnum > 0
              and not a.attisdropped
              and a.attname = any (case when c.relname = 'tenant' then '{id}' else '{scope,tenant_id}'::name[] end)
            order by a.attname
            limit 1
       ) as owner,
       c.relrowsecurity as is_secured,
       c.relforcerowsecurity as is_forced,
       pg_relation_is_updatable(c.oid, false) as writable,
       has_table_privilege(%(overseer)s, c.oid, 'select') as is_overseen,
       array(
           select p.name
             from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']
                 || case when current_setting('server_version_num')::integer >= 170000 then array['maintain'] end)
                 as p (name)
            where has_table_privilege(%(application)s, c.oid, p.name)
               or p.name in ('select', 'insert', 'update', 'references')
                  and has_any_column_privilege(%(application)s, c.oid, p.name)
       ) as granted
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
 order by c.relname

-- name: list_columns
select c.relname as relation,
       a.attname as name,
       format_type(a.atttypid, null) as type,
       case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end as length,
       a.attnotnull as is_mandatory,
       a.atthasdef or a.attidentity <> '' as has_default,
       a.attgenerated <> '' as is_generated,
       a.attidentity = 'a' as is_drawn,
       array(
           select p.name
             from unnest(array['select', 'insert', 'update']) as p (name)
            where has_column_privilege(%(application)s, c.oid, a.attnum, p.name)
       ) as granted
  from pg_class as c
  join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'virtualq'::regnamespace
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
 order by c.relname, a.attnum

-- name: list_references
select k.conname as name,
       c.relname as relation,
       array(
           select a.attname::text
             from unnest(k.conkey) with ordinality as p (number, place)
             join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = p.number
            order by p.place
       ) as columns,
       r.relname as referred,
       array(
           select a.attname::text
             from unnest(k.confkey) with ordinality as p (number, place)
             join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = p.number
            order by p.place
       ) as referred_columns,
       k.confmatchtype = 'f' as is_full
  from pg_constraint as k
  join pg_class as c on c.oid = k.conrelid
  join pg_class as r on r.oid = k.confrelid
 where k.contype = 'f'
   and k.conparentid = 0
   and k.connamespace = 'virtualq'::regnamespace
 order by c.relname, k.conname

-- name: list_keys
-- Whatever must be unique, the primary key first.
select c.relname as relation,
       i.indexrelid::regclass::text as name,
       i.indisprimary as is_primary,
       array(
           select a.attname::text
             from unnest(i.indkey[: i.indnkeyatts - 1]) with ordinality as p (number, place)
             join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = p.number
            order by p.place
       ) as columns
  from pg_index as i
  join pg_class as c on c.oid = i.indrelid
 where c.relnamespace = 'virtualq'::regnamespace
   and i.indisunique
 order by c.relname, i.indisprimary desc, 2

-- name: list_functions
-- What the application may call. A trigger's function cannot be called.
select p.proname as name,
       p.oid::regprocedure::text as signature,
       p.prokind::text as kind,
       p.proargnames as names,
       p.proargmodes::text[] as modes,
       array(
           select format_type(t.type, null)
             from unnest(p.proargtypes::oid[]) with ordinality as t (type, place)
            order by t.place
       ) as types,
       p.pronargdefaults as defaults
  from pg_proc as p
 where p.pronamespace = 'virtualq'::regnamespace
   and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
   and has_function_privilege(%(application)s, p.oid, 'execute')
 order by p.proname, 2

-- name: list_sequences
-- Whose position the application may read or set: it tells how much others write, or makes them collide.
select c.relname as name
  from pg_class as c
 where c.relnamespace = 'virtualq'::regnamespace
   and case when c.relkind = 'S' then has_sequence_privilege(%(application)s, c.oid, 'select, update') end
 order by c.relname

-- name: list_grants_to_everybody
-- A function is everybody's from its creation on, until that is revoked. A trigger's function that runs with its
-- caller's rights does nobody harm.
select c.relname as name, a.privilege_type as privilege
  from pg_class as c
  cross join lateral aclexplode(c.relacl) as a
 where c.relnamespace = 'virtualq'::regnamespace
   and a.grantee = 0
union all
select c.relname || '.' || t.attname, a.privilege_type
  from pg_class as c
  join pg_attribute as t on t.attrelid = c.oid
  cross join lateral aclexplode(t.attacl) as a
 where c.relnamespace = 'virtualq'::regnamespace
   and a.grantee = 0
union all
select p.oid::regprocedure::text, a.privilege_type
  from pg_proc as p
  cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
 where p.pronamespace = 'virtualq'::regnamespace
   and a.grantee = 0
   and (p.prosecdef or p.prorettype <> 'trigger'::regtype)
 order by 1, 2
