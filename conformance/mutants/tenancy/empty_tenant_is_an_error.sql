-- Where the setting is empty, as after a transaction that had one, reading is an error instead of no rows.
-- breaks: TEN-001
alter policy own_tenant on virtualq.Employee using (tenant_id = current_setting('virtualq.tenant_id', true)::integer);
