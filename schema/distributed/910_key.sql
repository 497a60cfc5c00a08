-- Keys as Citus takes them: those of a spread table hold tenant_id, and no foreign key points anywhere yet. All of it
-- is read from the catalogue; the foreign keys wait in a temporary table until the tables are spread.
create temporary table spread_table (name text primary key, place integer not null) on commit drop;
insert into spread_table (name, place)
values ('queue', 1), ('customer', 2), ('employee', 3), ('ticket', 4), ('ticketitem', 5), ('ticketstatehistory', 6);

create temporary table copied_table (name text primary key, place integer not null) on commit drop;
insert into copied_table (name, place)
values ('account', 1), ('tenant', 2), ('typedefinition', 3), ('typedefinitionrevision', 4);

-- `on delete set null (…)` becomes a refusal; the triggers of 900_function.sql have cleared the reference before.
create temporary table foreign_key (table_name text, name text, definition text, place integer) on commit drop;
insert into foreign_key (table_name, name, definition, place)
select r.relname, c.conname,
       case c.confdeltype
           when 'n' then regexp_replace(pg_get_constraintdef(c.oid), ' ON DELETE SET NULL( \([^)]*\))?', ' ON DELETE RESTRICT')
           else pg_get_constraintdef(c.oid)
       end,
       coalesce(100 + s.place, p.place)
  from pg_constraint as c
  join pg_class as r on r.oid = c.conrelid
  left join spread_table as s on s.name = r.relname
  left join copied_table as p on p.name = r.relname
 where c.contype = 'f'
   and c.conparentid = 0
   and c.connamespace = 'virtualq'::regnamespace;

do $key$
declare
    found  record;
begin
    for found in select f.table_name, f.name from foreign_key as f order by f.table_name, f.name loop
        execute format('alter table virtualq.%I drop constraint %I', found.table_name, found.name);
    end loop;

    -- A key that does not hold the tenant is unique within it from now on. One that then says what the primary key
    -- says is not made again.
    for found in
        select s.name as table_name, c.conname as name, k.columns,
               (select array_agg(a.attname order by a.attname) from pg_attribute as a
                 where a.attrelid = c.conrelid and a.attnum = any (p.conkey))
               <@ (k.columns || 'tenant_id'::name) as is_primary
          from spread_table as s
          join pg_constraint as c on c.conrelid = format('virtualq.%I', s.name)::regclass and c.contype in ('p', 'u')
          join pg_constraint as p on p.conrelid = c.conrelid and p.contype = 'p'
         cross join lateral (
                select array_agg(a.attname order by array_position(c.conkey, a.attnum)) as columns
                  from pg_attribute as a
                 where a.attrelid = c.conrelid and a.attnum = any (c.conkey)
               ) as k
         where 'tenant_id' <> all (k.columns)
         order by s.place, c.conname
    loop
        execute format('alter table virtualq.%I drop constraint %I', found.table_name, found.name);
        if not found.is_primary then
            execute format('alter table virtualq.%I add constraint %I unique (tenant_id, %s)', found.table_name,
                found.name, (select string_agg(quote_ident(u.name), ', ') from unnest(found.columns) as u (name)));
        end if;
    end loop;
end
$key$;
