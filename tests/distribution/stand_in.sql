-- name: make_stand_ins
-- Citus' functions, of which none spreads anything: each checks what Citus would refuse, and what VirtualQ needs of a
-- spread table, when it is called; and writes down that it was. They lie in pg_catalog as the real ones do.
set allow_system_table_mods = on;

create table pg_catalog.pg_dist_partition (
    logicalrelid  regclass not null primary key,
    partmethod    "char" not null,
    partkey       text,
    colocationid  integer not null
);
grant select on pg_catalog.pg_dist_partition to public;

create table pg_catalog.pg_dist_delegation (
    function      regprocedure not null primary key,
    argument      text,
    colocated     regclass
);
grant select on pg_catalog.pg_dist_delegation to public;

create function pg_catalog.citus_version() returns text
language sql as $$ select 'Citus 14.0.0 (a stand-in)' $$;

create function pg_catalog.citus_total_relation_size(logicalrelid regclass, fail_on_error boolean default true)
returns bigint
language sql as $$ select pg_total_relation_size(logicalrelid) $$;

create function pg_catalog.citus_stand_in_refuse(rule text, object text, detail text) returns void
language plpgsql as $$
begin
    raise exception using
        errcode = 'feature_not_supported',
        message = format('%s: %s: %s', rule, object, detail);
end
$$;

-- What must be true of a table from the moment on that it is spread or copied.
create function pg_catalog.citus_stand_in_check(relation regclass, is_spread boolean) returns void
language plpgsql as $$
declare
    found  record;
begin
    if is_spread then
        select i.indexrelid::regclass as name into found
          from pg_index as i
         where i.indrelid = relation
           and i.indisunique
           and not exists (
               select from pg_attribute as a
                where a.attrelid = i.indrelid and a.attnum = any (i.indkey) and a.attname = 'tenant_id'
           );
        if found is not null then
            perform citus_stand_in_refuse('key-holds-tenant', relation::text, format('%s does not', found.name));
        end if;
    end if;

    select c.conname as name, c.confrelid::regclass as target,
           c.confdeltype in ('n', 'd') and is_spread as clears,
           pg_get_constraintdef(c.oid) as definition
      into found
      from pg_constraint as c
     where c.contype = 'f'
       and c.conrelid = relation
       and (
           c.confdeltype in ('n', 'd') and is_spread
           or not exists (select from pg_dist_partition as p where p.logicalrelid = c.confrelid)
           or not is_spread
              and exists (select from pg_dist_partition as p where p.logicalrelid = c.confrelid and p.partmethod = 'h')
       )
     limit 1;
    if found.clears then
        perform citus_stand_in_refuse('no-set-null-with-tenant', relation::text,
            format('%s is %s', found.name, found.definition));
    elsif found is not null then
        perform citus_stand_in_refuse('references-come-after', relation::text,
            format('%s points at %s, which is not spread', found.name, found.target));
    end if;
    select c.conname as name, c.conrelid::regclass as source into found
      from pg_constraint as c
     where c.contype = 'f'
       and c.confrelid = relation
       and not exists (select from pg_dist_partition as p where p.logicalrelid = c.conrelid);
    if found is not null then
        perform citus_stand_in_refuse('references-come-after', relation::text,
            format('%s points at it from %s, which is not spread', found.name, found.source));
    end if;

    select p.polname as name into found
      from pg_policy as p
     where p.polrelid = relation
       and concat(p.polqual::text, p.polwithcheck::text) like '%{SUBLINK%';
    if found is not null then
        perform citus_stand_in_refuse('policy-has-no-sub-select', relation::text, format('%s has one', found.name));
    end if;

    select t.tgname as name into found from pg_trigger as t where t.tgrelid = relation and not t.tgisinternal;
    if found is not null and coalesce(current_setting('citus.enable_unsafe_triggers', true), '') <> 'on' then
        perform citus_stand_in_refuse('triggers-are-allowed', relation::text,
            format('%s needs citus.enable_unsafe_triggers', found.name));
    end if;

    select r.rolname as name into found
      from pg_class as c
     cross join lateral aclexplode(c.relacl) as g
      join pg_roles as r on r.oid = g.grantee
     where c.oid = relation
       and not r.rolcanlogin;
    if found is not null then
        perform citus_stand_in_refuse('roles-log-in', relation::text, format('%s may not', found.name));
    end if;
end
$$;

create function pg_catalog.citus_stand_in_take(relation regclass, method "char", key text, colocation integer)
returns void
language plpgsql as $$
begin
    if coalesce(current_setting('citus.multi_shard_modify_mode', true), '') <> 'sequential' then
        perform citus_stand_in_refuse('commands-in-sequence', relation::text,
            'citus.multi_shard_modify_mode is not sequential');
    end if;
    perform citus_stand_in_check(relation, method = 'h');
    insert into pg_dist_partition values (relation, method, key, colocation);
    if not exists (select from pg_event_trigger where evtname = 'citus_stand_in') then
        create event trigger citus_stand_in on ddl_command_end execute function pg_catalog.citus_stand_in_watch();
    end if;
end
$$;

-- The same is asked again after every change of a table that is spread or copied.
create function pg_catalog.citus_stand_in_watch() returns event_trigger
language plpgsql as $$
declare
    changed  record;
begin
    for changed in
        select distinct p.logicalrelid, p.partmethod
          from pg_event_trigger_ddl_commands() as d
          join pg_dist_partition as p
            on p.logicalrelid = d.objid
            or exists (select from pg_policy as o where o.oid = d.objid and o.polrelid = p.logicalrelid)
            or exists (select from pg_trigger as o where o.oid = d.objid and o.tgrelid = p.logicalrelid)
            or exists (select from pg_index as o where o.indexrelid = d.objid and o.indrelid = p.logicalrelid)
    loop
        perform citus_stand_in_check(changed.logicalrelid, changed.partmethod = 'h');
    end loop;
end
$$;

create function pg_catalog.create_reference_table(table_name regclass) returns void
language plpgsql as $$
declare
    has_rows  boolean;
begin
    execute format('select exists (select from %s)', table_name) into has_rows;
    if (select c.relforcerowsecurity from pg_class as c where c.oid = table_name) then
        perform citus_stand_in_refuse('copy-meets-no-row-security', table_name::text, 'its owner is bound by it');
    end if;
    perform citus_stand_in_take(table_name, 'n', null, 0);
end
$$;

create function pg_catalog.create_distributed_table(
    table_name           regclass,
    distribution_column  text,
    distribution_type    text default 'hash',
    colocate_with        text default 'default',
    shard_count          integer default null
) returns void
language plpgsql as $$
#variable_conflict use_variable
declare
    has_rows    boolean;
    colocation  integer;
begin
    execute format('select exists (select from %s)', table_name) into has_rows;
    if has_rows then
        perform citus_stand_in_refuse('table-is-empty', table_name::text, 'it holds rows');
    end if;
    if distribution_column <> 'tenant_id' then
        perform citus_stand_in_refuse('spread-by-tenant', table_name::text, format('not by %s', distribution_column));
    end if;
    if colocate_with = 'none' then
        colocation := (select coalesce(max(p.colocationid), 0) + 1 from pg_dist_partition as p);
    else
        colocation := (select p.colocationid from pg_dist_partition as p where p.logicalrelid = to_regclass(colocate_with));
    end if;
    if colocation is null then
        perform citus_stand_in_refuse('tables-are-co-located', table_name::text, format('with %s', colocate_with));
    end if;
    perform citus_stand_in_take(table_name, 'h', distribution_column, colocation);
end
$$;

create function pg_catalog.create_distributed_function(
    function_name          regprocedure,
    distribution_arg_name  text default null,
    colocate_with          text default 'default',
    force_delegation       boolean default null
) returns void
language plpgsql as $$
declare
    found  record;
begin
    select p.proargnames, p.proargtypes into found from pg_proc as p where p.oid = function_name;
    if exists (
        select from pg_depend as d
         where d.classid = 'pg_proc'::regclass and d.objid = function_name and d.refclassid = 'pg_class'::regclass
    ) then
        perform citus_stand_in_refuse('body-binds-no-table', function_name::text, 'its body is bound to a table');
    end if;
    if distribution_arg_name is not null then
        if distribution_arg_name is distinct from found.proargnames[1] or found.proargtypes[0] <> 'integer'::regtype then
            perform citus_stand_in_refuse('delegated-by-tenant', function_name::text,
                format('its first argument is not %s integer', distribution_arg_name));
        end if;
        if not exists (
            select from pg_dist_partition as p where p.logicalrelid = to_regclass(colocate_with) and p.partmethod = 'h'
        ) then
            perform citus_stand_in_refuse('delegated-to-a-table', function_name::text,
                format('%s is not spread', colocate_with));
        end if;
    end if;
    insert into pg_dist_delegation values (function_name, distribution_arg_name, to_regclass(colocate_with));
end
$$;

reset allow_system_table_mods;

-- name: list_tables
select p.logicalrelid::text, p.partmethod::text, p.partkey, p.colocationid
  from pg_dist_partition as p
 order by p.logicalrelid::text

-- name: list_delegations
select d.function::regproc::text, d.argument
  from pg_dist_delegation as d
 order by 1

-- name: list_functions
select p.proname as name, pg_get_functiondef(p.oid) as definition,
       coalesce(d.argument is not null, false) as is_delegated,
       exists (select from pg_trigger as t where t.tgfoid = p.oid) as is_trigger
  from pg_proc as p
  left join pg_dist_delegation as d on d.function = p.oid
 where p.pronamespace = 'virtualq'::regnamespace
 order by p.proname

-- name: list_identities
select c.relname
  from pg_attribute as a
  join pg_class as c on c.oid = a.attrelid
 where c.relnamespace = 'virtualq'::regnamespace
   and a.attidentity <> ''
   and a.atttypid <> 'bigint'::regtype
 order by c.relname
