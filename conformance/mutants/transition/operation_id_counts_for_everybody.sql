-- An operation id is unique across tenants: that another has used it is to be learnt.
-- breaks: TEN-008
alter table virtualq.TicketStateHistory
    drop constraint ticketstatehistory_operation_key,
    add constraint ticketstatehistory_operation_key unique (operation_id);
create index ticketstatehistory_operation_idx on virtualq.TicketStateHistory (tenant_id, operation_id);
