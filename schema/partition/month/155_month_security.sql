-- The keys are their tenant's and are read like the steps; how far detached months led is the maintainer's to know.
do $security$
declare
    present   constant text := $$nullif(current_setting('virtualq.tenant_id', true), '')::integer$$;
    installer text := current_user;
    owned     text;
begin
    foreach owned in array array['ticketstatehistorykey', 'detachedstep'] loop
        execute format('create policy own_tenant on virtualq.%I for all to public using (tenant_id = %s) '
            'with check (tenant_id = %2$s)', owned, present);
        execute format('create policy maintenance on virtualq.%I for all to virtualq_maintainer '
            'using (true) with check (true)', owned);
        execute format('alter table virtualq.%I enable row level security', owned);
        execute format('alter table virtualq.%I force row level security', owned);
        execute format('grant select, insert, update, delete on virtualq.%I to virtualq_maintainer', owned);
    end loop;
    grant select on virtualq.TicketStateHistoryKey to virtualq_app;
    grant select, insert, delete on virtualq.DetachedMonth to virtualq_maintainer;

    grant create on schema virtualq to virtualq_maintainer;
    foreach owned in array array['record_detached_month', 'forget_detached_month'] loop
        execute format('alter function virtualq.%I owner to virtualq_maintainer', owned);
        set local role virtualq_maintainer;
        execute format('grant execute on function virtualq.%I to %I', owned, installer);
        execute format('set local role %I', installer);
    end loop;
    revoke create on schema virtualq from virtualq_maintainer;
end
$security$;
grant execute on function virtualq.first_of_month to virtualq_maintainer;

select virtualq.make_default_partition();
select virtualq.keep_month_partitions();
