-- A ticket takes a type of its own tenant only.
-- breaks: TEN-010
alter table virtualq.Ticket
    drop constraint ticket_type_is_own_or_system,
    add constraint ticket_type_is_own_or_system check (type_scope = tenant_id);
