-- A ticket's history begins with its first transition; its creation is not in it.
-- breaks: HIS-003, HIS-002
create function virtualq.skip_start() returns trigger
language plpgsql
as $$
begin
    return null;
end
$$;
create trigger ticketstatehistory_skips_start
    before insert on virtualq.TicketStateHistory
    for each row when (new.seq = 1)
    execute function virtualq.skip_start();
