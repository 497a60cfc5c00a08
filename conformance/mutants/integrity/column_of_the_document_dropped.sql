-- A column that the document names is gone, because it follows from another.
-- breaks: INT-001
alter table virtualq.TypeDefinition drop column is_system_defined;
