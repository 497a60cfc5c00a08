-- History rows are queued and written when the transaction commits: within it, ticket and history disagree.
-- breaks: HIS-001
-- subject: orm
create table virtualq.PendingHistory (like virtualq.TicketStateHistory including defaults);
alter table virtualq.PendingHistory drop column id;
alter table virtualq.PendingHistory enable row level security, force row level security;
create policy maintenance on virtualq.PendingHistory for all to virtualq_maintainer using (true) with check (true);
grant select, insert, delete on virtualq.PendingHistory to virtualq_maintainer;

create function virtualq.write_history() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id,
        occurred_at
    )
    values (
        new.tenant_id, new.ticket_id, new.seq, new.revision, new.from_state, new.to_state, new.transition_name,
        new.actor, new.metadata, new.operation_id, new.occurred_at
    );
    delete from virtualq.PendingHistory as p where p.operation_id = new.operation_id;
    return null;
end
$$;
revoke execute on function virtualq.write_history() from public;
alter function virtualq.write_history() owner to virtualq_maintainer;
create constraint trigger pendinghistory_is_written
    after insert on virtualq.PendingHistory
    deferrable initially deferred
    for each row execute function virtualq.write_history();
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$insert into virtualq.TicketStateHistory ($$,
    $$insert into virtualq.PendingHistory ($$
);
