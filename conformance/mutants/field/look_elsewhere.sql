-- A custom-field schema may refer to another document, which somebody else can change.
-- breaks: FLD-008
alter table virtualq.TypeDefinition drop constraint typedefinition_fields_stay_local;
