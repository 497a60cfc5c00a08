-- No way around the tables through their partitions: nobody is granted a partition, and row security is forced on it
-- without a policy, which shows its rows to nobody. A trigger against emptying the table fires for the table alone, so
-- each partition has one of its own.
do $security$
declare
    partition  record;
begin
    for partition in
        select r.relname as name, p.relname as parent
          from pg_inherits as i
          join pg_class as r on r.oid = i.inhrelid
          join pg_class as p on p.oid = i.inhparent
         where r.relnamespace = 'virtualq'::regnamespace
           and r.relkind = 'r'
         order by r.relname
    loop
        execute format('alter table virtualq.%I enable row level security', partition.name);
        execute format('alter table virtualq.%I force row level security', partition.name);
        if partition.parent = 'ticketstatehistory' then
            execute format('create trigger ticketstatehistory_is_not_truncated before truncate on virtualq.%I '
                'for each statement execute function virtualq.keep_history(%L)', partition.name, partition.parent);
        end if;
    end loop;
end
$security$;
