-- A row finds its partition before any trigger fires, so the tenant cannot be derived from the queue or from the ticket:
-- who is in no tenant names it. Without this, rows would be refused or not by what the missing tenant hashes to.
create function virtualq.require_tenant() returns trigger
language plpgsql
as $$
begin
    raise exception using
        errcode = 'not_null_violation',
        column = 'tenant_id', schema = tg_table_schema, table = tg_argv[0],
        message = format('tenant-missing: a row of %s names its tenant', tg_argv[0]),
        hint = 'set virtualq.tenant_id for the transaction, or give tenant_id';
end
$$;

-- Before any other: triggers fire in the order of their names.
create trigger aa_ticket_names_tenant
    before insert on virtualq.Ticket
    for each row when (new.tenant_id is null)
    execute function virtualq.require_tenant('ticket');
create trigger aa_ticketitem_names_tenant
    before insert on virtualq.TicketItem
    for each row when (new.tenant_id is null)
    execute function virtualq.require_tenant('ticketitem');
