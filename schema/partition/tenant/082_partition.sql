-- Ticket, TicketItem and TicketStateHistory by hash of their tenant: 16 partitions each. A tenant's rows lie together,
-- every query names the tenant, and so reads one partition of each.
--
-- The tables have just been made and are empty, and no trigger, policy or function knows them yet. Each is made anew
-- from its own definition in the catalogue, so that no column and no key is written here a second time. A key that
-- does not name the tenant has it put in front: PostgreSQL keeps a key unique across partitions only with the column
-- that they are made by. Of an extid that says: unique within its tenant, and across tenants because it is drawn.
do $partition$
declare
    partitions  constant integer := 16;
    parted      constant text[] := array['ticket', 'ticketitem', 'ticketstatehistory'];
    wanted      text;
    statement   text;
    keys        text[];
    references_ text[];
    statistics_ text[];
    options_    text[];
begin
    keys := array(
        select format('alter table virtualq.%I add constraint %I %s', r.relname, c.conname,
                   case
                       when pg_get_constraintdef(c.oid) ~ '\mtenant_id\M' then pg_get_constraintdef(c.oid)
                       else regexp_replace(pg_get_constraintdef(c.oid), '\(', '(tenant_id, ')
                   end)
          from pg_constraint as c
          join pg_class as r on r.oid = c.conrelid
         where c.connamespace = 'virtualq'::regnamespace
           and r.relname = any (parted)
           and c.contype in ('p', 'u')
         order by c.oid
    );
    references_ := array(
        select format('alter table virtualq.%I add constraint %I %s', r.relname, c.conname, pg_get_constraintdef(c.oid))
          from pg_constraint as c
          join pg_class as r on r.oid = c.conrelid
          join pg_class as f on f.oid = c.confrelid
         where c.connamespace = 'virtualq'::regnamespace
           and (r.relname = any (parted) or f.relname = any (parted))
           and c.contype = 'f'
         order by c.oid
    );
    statistics_ := array(
        select pg_get_statisticsobjdef(s.oid)
          from pg_statistic_ext as s
          join pg_class as r on r.oid = s.stxrelid
         where s.stxnamespace = 'virtualq'::regnamespace
           and r.relname = any (parted)
         order by s.oid
    );

    -- What a column's statistics are told to be: for the table as a whole, and for each of its partitions.
    options_ := array(
        select format('alter table virtualq.%I alter column %I set (%s)', t.name, a.attname, t.option)
          from pg_attribute as a
          join pg_class as r on r.oid = a.attrelid
         cross join unnest(a.attoptions) as o (option)
         cross join lateral (
                select r.relname::text, replace(o.option, 'n_distinct=', 'n_distinct_inherited=')
                union all
                select format('%s_p%s', r.relname, lpad(n.number::text, 2, '0')), o.option
                  from generate_series(0, partitions - 1) as n (number)
               ) as t (name, option)
         where r.relnamespace = 'virtualq'::regnamespace
           and r.relname = any (parted)
    );

    -- In a schema of their own meanwhile, so that the new tables and their sequences get the names of the old ones.
    create schema virtualq_whole;
    foreach wanted in array parted loop
        execute format('alter table virtualq.%I set schema virtualq_whole', wanted);
        execute format('create table virtualq.%I ('
            'like virtualq_whole.%1$I including all excluding indexes excluding statistics'
            ') partition by hash (tenant_id)', wanted);
        for number in 0 .. partitions - 1 loop
            execute format('create table virtualq.%I partition of virtualq.%I for values with (modulus %s, remainder %s)',
                format('%s_p%s', wanted, lpad(number::text, 2, '0')), wanted, partitions, number);
        end loop;
    end loop;
    set local client_min_messages = warning;
    drop schema virtualq_whole cascade;
    reset client_min_messages;
    foreach statement in array keys || references_ || statistics_ || options_ loop
        execute statement;
    end loop;
end
$partition$;
