-- A type's code that one tenant has used is taken for every other.
-- breaks: REV-011
alter table virtualq.TypeDefinition
    drop constraint typedefinition_code_key,
    add constraint typedefinition_code_key unique (type_code);
