-- Somebody's trigger keeps a copy of every ticket that changes.
-- caught by: transition max_unknown_triggers
-- named as: unexpected-trigger

-- name: plant
create table virtualq.TicketCopy (ticket jsonb);
create function virtualq.copy_ticket() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into virtualq.TicketCopy (ticket) values (to_jsonb(new));
    return null;
end
$$;
create trigger ticket_is_copied
    after update on virtualq.Ticket
    for each row execute function virtualq.copy_ticket();
