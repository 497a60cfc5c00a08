-- A custom-field schema may be a list, a text or a number.
-- breaks: FLD-007
alter table virtualq.TypeDefinition drop constraint typedefinition_fields_are_schema;
