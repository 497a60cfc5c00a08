-- The application has the right to write every column of a type.
-- breaks: REV-009
grant insert, update on virtualq.TypeDefinition to virtualq_app;
