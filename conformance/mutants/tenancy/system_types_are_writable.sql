-- A tenant may change the types that all use.
-- breaks: TEN-003
alter policy own_update on virtualq.TypeDefinition
    using (scope in (0, nullif(current_setting('virtualq.tenant_id', true), '')::integer))
    with check (true);
