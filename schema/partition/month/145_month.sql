-- Partitions are made ahead and detached when they are old, both by the owner: the functions are granted to nobody.
-- A month is one of UTC's, whatever the session's time zone.

create function virtualq.first_of_month(at timestamptz, months_later integer default 0) returns timestamptz
language sql immutable
return (date_trunc('month', at at time zone 'UTC') + make_interval(months => months_later)) at time zone 'UTC';

-- Nobody is granted a partition, and row security is forced on it without a policy, which shows its rows to nobody: the
-- table is the only way to them. The trigger against emptying the table fires for the table alone, so each partition
-- has one of its own.
create function virtualq.secure_partition(partition regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('alter table %s enable row level security', partition);
    execute format('alter table %s force row level security', partition);
    execute format('create or replace trigger ticketstatehistory_is_not_truncated before truncate on %s '
        'for each statement execute function virtualq.keep_history(''ticketstatehistory'')', partition);
end
$$;

create function virtualq.make_default_partition() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    create table virtualq.ticketstatehistory_default partition of virtualq.TicketStateHistory default;
    perform virtualq.secure_partition('virtualq.ticketstatehistory_default');
end
$$;

-- Make the partition of a month, with what `late` holds of it; its name, or null where it is there already, or there is
-- a detached one. Made apart and attached, which lets writers go on.
create function virtualq.make_month_partition(at timestamptz, late regclass default null) returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    since   constant timestamptz := virtualq.first_of_month(at);
    until   constant timestamptz := virtualq.first_of_month(at, 1);
    made    constant text := to_char(since at time zone 'UTC', '"ticketstatehistory_"YYYY_MM');
begin
    if to_regclass(format('virtualq.%I', made)) is not null then
        return null;
    end if;
    execute format('create table virtualq.%I ('
        'like virtualq.TicketStateHistory including defaults including constraints including storage)', made);
    if late is not null then
        execute format('insert into virtualq.%I select * from %s where occurred_at >= %L and occurred_at < %L',
            made, late, since, until);
    end if;
    perform virtualq.secure_partition(format('virtualq.%I', made)::regclass);
    execute format('alter table virtualq.TicketStateHistory attach partition virtualq.%I for values from (%L) to (%L)',
        made, since, until);
    return made;
end
$$;

-- Make the partitions of the month of `at` and of `ahead` months after it; the names of those that were not there. To
-- be run once a month or oftener. Steps that came too early for it lie in the default partition, and are moved into
-- the partitions of their months; only then do readers and writers wait.
create function virtualq.keep_month_partitions(ahead integer default 3, at timestamptz default now())
returns setof text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    made     text;
    early    timestamptz;
begin
    if pg_relation_size('virtualq.ticketstatehistory_default') > 0 then
        alter table virtualq.TicketStateHistory detach partition virtualq.ticketstatehistory_default;
        alter table virtualq.ticketstatehistory_default disable row level security, no force row level security;
        alter table virtualq.ticketstatehistory_default rename to ticketstatehistory_late;
        alter index virtualq.ticketstatehistory_default_pkey rename to ticketstatehistory_late_pkey;
        perform virtualq.make_default_partition();
        for early in
            select distinct virtualq.first_of_month(h.occurred_at) from virtualq.ticketstatehistory_late as h order by 1
        loop
            made := virtualq.make_month_partition(early, 'virtualq.ticketstatehistory_late');
            if made is null then
                raise exception using
                    errcode = 'object_not_in_prerequisite_state',
                    message = format('month-is-detached: there are steps of %s, whose month is detached', early),
                    hint = 'attach it again first: virtualq.attach_history()';
            end if;
            return next made;
        end loop;
        drop table virtualq.ticketstatehistory_late;
    end if;
    for month in 0 .. ahead loop
        made := virtualq.make_month_partition(virtualq.first_of_month(at, month));
        if made is not null then
            return next made;
        end if;
    end loop;
end
$$;

-- Note how far a month leads each ticket, as the maintainer, who sees every tenant's steps. Returns the number of steps.
create function virtualq.record_detached_month(since timestamptz, until timestamptz, table_name name) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    counted  bigint;
    odd      record;
begin
    select count(*) into counted
      from virtualq.TicketStateHistory as h
     where h.occurred_at >= since and h.occurred_at < until;
    insert into virtualq.DetachedMonth (month, table_name, steps) values (since, table_name, counted);
    insert into virtualq.DetachedStep (tenant_id, ticket_id, seq, to_state, month)
    select distinct on (h.tenant_id, h.ticket_id) h.tenant_id, h.ticket_id, h.seq, h.to_state, since
      from virtualq.TicketStateHistory as h
     where h.occurred_at >= since and h.occurred_at < until
     order by h.tenant_id, h.ticket_id, h.seq desc;
    select k.tenant_id, k.ticket_id, k.seq into odd
      from virtualq.DetachedStep as d
      join virtualq.TicketStateHistoryKey as k
        on k.tenant_id = d.tenant_id and k.ticket_id = d.ticket_id and k.seq < d.seq
     where d.month = since
       and k.occurred_at >= until
     limit 1;
    if found then
        raise exception using
            errcode = 'object_not_in_prerequisite_state', constraint = 'detached_history_comes_first',
            message = format('history-out-of-order: step %s of ticket %s of tenant %s occurred after a later one, which %s holds',
                odd.seq, odd.ticket_id, odd.tenant_id, table_name),
            hint = 'a clock was set back; detach no month before the one that holds both';
    end if;
    return counted;
end
$$;

create function virtualq.forget_detached_month(since timestamptz) returns void
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
    delete from virtualq.DetachedStep as d where d.month = since;
    delete from virtualq.DetachedMonth as d where d.month = since;
end;

-- Detach the months that are wholly before `before`, the oldest first; this month stays. Nothing is deleted: each is a
-- table of its own afterwards, the owner's to dump, to move or to drop, and no longer append-only.
--
-- Of what was detached there stay the keys, so that an operation of then is refused if it is sent again, and the last
-- step of each ticket, so that find_violations() knows where what is here begins. Purges delete those with the ticket;
-- they do not reach into detached tables.
create function virtualq.detach_history(before timestamptz)
returns table (table_name text, month timestamptz, steps bigint, size_bytes bigint)
language plpgsql set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    until  timestamptz;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = 'frozen-snapshot: history is detached at read committed, which sees the last steps of a month';
    end if;
    for table_name in
        select r.relname
          from pg_inherits as i
          join pg_class as r on r.oid = i.inhrelid
         where i.inhparent = 'virtualq.ticketstatehistory'::regclass
           and r.relname ~ '^ticketstatehistory_\d{4,}_\d\d$'
         order by length(r.relname), r.relname
    loop
        month := to_date(substring(table_name from '\d+_\d\d$'), 'YYYY_MM')::timestamp at time zone 'UTC';
        until := virtualq.first_of_month(month, 1);
        exit when until > before or until > now();
        -- Waits for whoever is still writing there.
        execute format('lock table virtualq.%I in share mode', table_name);
        steps := virtualq.record_detached_month(month, until, table_name);
        execute format('alter table virtualq.TicketStateHistory detach partition virtualq.%I', table_name);
        execute format('alter table virtualq.%I disable row level security, no force row level security', table_name);
        size_bytes := pg_total_relation_size(format('virtualq.%I', table_name)::regclass);
        return next;
    end loop;
end
$$;

-- Attach the month that was detached last, from the table of that name in this schema.
create function virtualq.attach_history() returns text
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    last  record;
begin
    select d.month, d.table_name into last from virtualq.DetachedMonth as d order by d.month desc limit 1;
    if not found then
        return null;
    end if;
    perform virtualq.secure_partition(format('virtualq.%I', last.table_name)::regclass);
    execute format('alter table virtualq.TicketStateHistory attach partition virtualq.%I for values from (%L) to (%L)',
        last.table_name, last.month, virtualq.first_of_month(last.month, 1));
    perform virtualq.forget_detached_month(last.month);
    return last.table_name;
end
$$;
