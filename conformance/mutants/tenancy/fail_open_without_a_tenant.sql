-- As long as no tenant has ever been set on a connection, one table shows everything.
-- breaks: TEN-001
alter policy own_tenant on virtualq.Employee using (
    current_setting('virtualq.tenant_id', true) is null
    or tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer
);
