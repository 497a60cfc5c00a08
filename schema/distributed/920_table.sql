-- Copied to every node: the accounts and tenants, and the types with their revisions, which every ticket's trigger
-- reads. They hold the system-defined types already, and Citus copies rows by COPY, which row security would refuse to
-- the owner that it binds.
do $copied$
declare
    copied  text;
begin
    for copied in select c.name from copied_table as c order by c.place loop
        execute format('alter table virtualq.%I no force row level security', copied);
        perform create_reference_table(format('virtualq.%I', copied)::regclass);
        execute format('alter table virtualq.%I force row level security', copied);
    end loop;
end
$copied$;

-- Spread by tenant, while empty; a tenant's rows of all these tables lie on one node.
do $spread$
declare
    first   text;
    spread  text;
begin
    for spread in select s.name from spread_table as s order by s.place loop
        if first is null then
            perform create_distributed_table(format('virtualq.%I', spread)::regclass, 'tenant_id', colocate_with => 'none');
            first := format('virtualq.%I', spread);
        else
            perform create_distributed_table(format('virtualq.%I', spread)::regclass, 'tenant_id', colocate_with => first);
        end if;
    end loop;
end
$spread$;
