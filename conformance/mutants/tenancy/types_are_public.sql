-- Every tenant reads every tenant's types.
-- breaks: TEN-001, TEN-002
alter policy own_or_system on virtualq.TypeDefinition using (true);
