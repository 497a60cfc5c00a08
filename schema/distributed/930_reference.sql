-- The foreign keys again, now that what they point at is on every node or on the same one; and the grants on columns,
-- of which it is not documented that a table takes them along when it is spread.
do $reference$
declare
    found  record;
begin
    for found in select f.table_name, f.name, f.definition from foreign_key as f order by f.place, f.name loop
        execute format('alter table virtualq.%I add constraint %I %s', found.table_name, found.name, found.definition);
    end loop;

    for found in
        select c.relname as table_name, g.grantee::regrole::text as grantee, lower(g.privilege_type) as privilege,
               string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
          from pg_attribute as a
          join pg_class as c on c.oid = a.attrelid
         cross join lateral aclexplode(a.attacl) as g
         where c.relnamespace = 'virtualq'::regnamespace
           and g.grantee <> 0
         group by c.relname, g.grantee, g.privilege_type
         order by c.relname, g.privilege_type
    loop
        execute format('grant %s (%s) on virtualq.%I to %s',
            found.privilege, found.columns, found.table_name, found.grantee);
    end loop;
end
$reference$;
