-- The two ways to delete an audit trail, both on purpose, both for the owner only: they run as the maintainer and are
-- granted to nobody.

-- Delete closed tickets of a tenant that were closed before `before`, with their items and their history. Returns the
-- number of tickets.
create function virtualq.purge_history(tenant_id integer, before timestamptz) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    doomed  bigint[];
    purged  bigint;
begin
    -- Locked first: a ticket that is opened again between the two deletions would be left without its history.
    doomed := array(
        select t.id
          from virtualq.Ticket as t
         where t.tenant_id = purge_history.tenant_id
           and t.closed_at < before
         order by t.id
           for update
    );
    perform set_config('virtualq.purging', 'on', true);
    delete from virtualq.TicketStateHistory as h
     where h.tenant_id = purge_history.tenant_id
       and h.ticket_id = any (doomed);
    delete from virtualq.Ticket as t
     where t.tenant_id = purge_history.tenant_id
       and t.id = any (doomed);
    get diagnostics purged = row_count;
    perform set_config('virtualq.purging', '', true);
    return purged;
end
$$;

-- Off-board a tenant: everything that it owns goes, the account stays. Writers of tickets wait meanwhile, so that none
-- slips in between. Returns the number of tickets deleted.
--
-- Transactions write tickets, people, queues and types in whatever order. So that none deadlocks with this function, it
-- takes its locks together or not at all: only the first is waited for, and where another is not free, all are let go
-- and that one is waited for with empty hands.
create function virtualq.off_board_tenant(tenant_id integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    most       constant integer := 100;
    contested  text;
    deleted    bigint;
begin
    for round in 1 .. most loop
        begin
            contested := null;
            lock table virtualq.Ticket in exclusive mode;
            contested := 'ticketitem';
            lock table virtualq.TicketItem in exclusive mode nowait;
            -- Who has just added something that belongs to the tenant has locked its key.
            contested := 'tenant';
            perform from virtualq.Tenant as t where t.id = off_board_tenant.tenant_id for update nowait;
            contested := 'typedefinition';
            perform from virtualq.TypeDefinition as t where t.scope = off_board_tenant.tenant_id for update nowait;
            contested := 'queue';
            perform from virtualq.Queue as q where q.tenant_id = off_board_tenant.tenant_id for update nowait;
            contested := 'customer';
            perform from virtualq.Customer as c where c.tenant_id = off_board_tenant.tenant_id for update nowait;
            contested := 'employee';
            perform from virtualq.Employee as e where e.tenant_id = off_board_tenant.tenant_id for update nowait;
            exit;
        exception
            when lock_not_available then
                if contested is null or round = most then
                    raise;
                end if;
        end;
        -- EXCLUSIVE waits for everybody who has locked a row of it, and is let go at once.
        begin
            execute format('lock table virtualq.%I in exclusive mode', contested);
            raise exception using errcode = 'VQ001', message = 'let go';
        exception
            when sqlstate 'VQ001' then null;
        end;
    end loop;

    perform from virtualq.Tenant as t where t.id = off_board_tenant.tenant_id;
    if not found then
        raise exception using
            errcode = 'no_data_found', message = format('tenant-not-found: there is no tenant %s', tenant_id);
    end if;
    perform set_config('virtualq.purging', 'on', true);
    delete from virtualq.TicketStateHistory as h where h.tenant_id = off_board_tenant.tenant_id;
    delete from virtualq.Ticket as t where t.tenant_id = off_board_tenant.tenant_id;
    get diagnostics deleted = row_count;
    delete from virtualq.TypeDefinitionRevision as r where r.scope = off_board_tenant.tenant_id;
    delete from virtualq.TypeDefinition as t where t.scope = off_board_tenant.tenant_id;
    delete from virtualq.Queue as q where q.tenant_id = off_board_tenant.tenant_id;
    delete from virtualq.Customer as c where c.tenant_id = off_board_tenant.tenant_id;
    delete from virtualq.Employee as e where e.tenant_id = off_board_tenant.tenant_id;
    delete from virtualq.Tenant as t where t.id = off_board_tenant.tenant_id;
    perform set_config('virtualq.purging', '', true);
    return deleted;
end
$$;
