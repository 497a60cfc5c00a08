-- Where the setting is empty, as after a transaction that had one, every ticket is visible.
-- breaks: TEN-001, TEN-006
alter policy own_tenant on virtualq.Ticket using (
    coalesce(current_setting('virtualq.tenant_id', true), '') = ''
    or tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer
);
