-- A type that no ticket uses is deleted with all that was published of it.
-- breaks: REV-003
alter table virtualq.TypeDefinitionRevision
    drop constraint typedefinitionrevision_type_fkey,
    add constraint typedefinitionrevision_type_fkey foreign key (scope, type_definition_id)
        references virtualq.TypeDefinition (scope, id) on delete cascade;
create or replace trigger typedefinitionrevision_is_append_only
    before update on virtualq.TypeDefinitionRevision
    for each row execute function virtualq.keep_history('typedefinitionrevision');
