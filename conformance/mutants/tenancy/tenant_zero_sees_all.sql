-- The tenant 0, meant for the staff, sees every tenant's queues.
-- breaks: TEN-001, TEN-022
alter policy own_tenant on virtualq.Queue using (
    nullif(current_setting('virtualq.tenant_id', true), '')::integer = 0
    or tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer
);
