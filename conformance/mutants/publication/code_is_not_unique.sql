-- Two types of a tenant may have the same code.
-- breaks: REV-011
alter table virtualq.TypeDefinition drop constraint typedefinition_code_key;
