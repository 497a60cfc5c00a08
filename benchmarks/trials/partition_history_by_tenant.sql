-- The history spread over eight partitions by its tenant: what reads the history from end to end reads an eighth of it.
-- But each row has to find its partition, and bulk transitions, which write many rows at once, take half as long again.
-- known answer: reject

-- They hold on to the table; a migration installs schema/install/140_check.sql again afterwards.
drop function virtualq.find_violations();
drop view virtualq.TicketStep;

alter table virtualq.TicketStateHistory rename to ticketstatehistory_whole;
create table virtualq.TicketStateHistory (
    like virtualq.ticketstatehistory_whole including defaults including constraints
) partition by hash (tenant_id);
create sequence virtualq.ticketstatehistory_number owned by virtualq.TicketStateHistory.id;
alter table virtualq.TicketStateHistory
    alter column id set default nextval('virtualq.ticketstatehistory_number');
do $$
begin
    for number in 0 .. 7 loop
        execute format(
            'create table virtualq.ticketstatehistory_%s partition of virtualq.ticketstatehistory '
            'for values with (modulus 8, remainder %1$s)', number);
    end loop;
end
$$;
insert into virtualq.TicketStateHistory select h.* from virtualq.ticketstatehistory_whole as h;
select setval('virtualq.ticketstatehistory_number', max(h.id)) from virtualq.TicketStateHistory as h;
drop table virtualq.ticketstatehistory_whole;

alter table virtualq.TicketStateHistory
    add constraint ticketstatehistory_pkey primary key (tenant_id, ticket_id, seq),
    add constraint ticketstatehistory_operation_key unique (tenant_id, operation_id),
    add constraint ticketstatehistory_ticket_fkey foreign key (tenant_id, ticket_id)
        references virtualq.Ticket (tenant_id, id) on delete restrict deferrable initially deferred;
create trigger ticketstatehistory_is_append_only
    before update or delete on virtualq.TicketStateHistory
    for each row execute function virtualq.keep_history('ticketstatehistory');
create trigger ticketstatehistory_is_not_truncated
    before truncate on virtualq.TicketStateHistory
    for each statement execute function virtualq.keep_history('ticketstatehistory');

create policy own_tenant on virtualq.TicketStateHistory for all to public
    using (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer)
    with check (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy maintenance on virtualq.TicketStateHistory for all to virtualq_maintainer using (true) with check (true);
alter table virtualq.TicketStateHistory enable row level security;
alter table virtualq.TicketStateHistory force row level security;
grant select on virtualq.TicketStateHistory to virtualq_app;
grant select, insert, update, delete on virtualq.TicketStateHistory to virtualq_maintainer;
grant usage on sequence virtualq.ticketstatehistory_number to virtualq_maintainer;

create view virtualq.TicketStep with (security_invoker = true) as
select h.tenant_id, h.ticket_id, h.seq, h.operation_id, h.revision, h.from_state, h.to_state, h.transition_name
  from virtualq.TicketStateHistory as h;
grant select on virtualq.TicketStep to virtualq_app, virtualq_maintainer;
