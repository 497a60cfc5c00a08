-- A ticket refers to its type by the id alone.
-- breaks: TEN-004
alter table virtualq.Ticket
    drop constraint ticket_type_fkey,
    add constraint ticket_type_fkey foreign key (type_definition_id)
        references virtualq.TypeDefinition (id) on delete restrict;
