-- A publication is neither kept as a revision nor checked for tickets that it would leave behind.
-- breaks: REV-004
drop trigger typedefinition_records_revision on virtualq.TypeDefinition;
