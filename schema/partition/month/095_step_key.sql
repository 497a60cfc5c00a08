-- A step's key is written with the step, is kept as the step is, and goes when the purge takes the ticket: then, and
-- not with the step, because of a ticket whose old months are detached it is all that is left here.
create function virtualq.record_step_key() returns trigger
language plpgsql
as $$
begin
    insert into virtualq.TicketStateHistoryKey (tenant_id, ticket_id, seq, operation_id, occurred_at)
    values (new.tenant_id, new.ticket_id, new.seq, new.operation_id, new.occurred_at);
    return new;
end
$$;

create trigger ticketstatehistory_records_key
    before insert on virtualq.TicketStateHistory
    for each row execute function virtualq.record_step_key();
create trigger ticketstatehistorykey_is_append_only
    before update or delete on virtualq.TicketStateHistoryKey
    for each row execute function virtualq.keep_history('ticketstatehistory');
create trigger ticketstatehistorykey_is_not_truncated
    before truncate on virtualq.TicketStateHistoryKey
    for each statement execute function virtualq.keep_history('ticketstatehistory');

create function virtualq.purge_step_keys() returns trigger
language plpgsql
as $$
begin
    delete from virtualq.TicketStateHistoryKey as k
     where k.tenant_id = old.tenant_id
       and k.ticket_id = old.id;
    return old;
end
$$;

create trigger ticket_takes_its_keys
    before delete on virtualq.Ticket
    for each row
    when (current_setting('virtualq.purging', true) = 'on' and current_user = 'virtualq_maintainer')
    execute function virtualq.purge_step_keys();
