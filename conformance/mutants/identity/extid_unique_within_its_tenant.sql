-- An external identifier is unique within its tenant only.
-- breaks: IDN-001
alter table virtualq.Customer
    drop constraint customer_extid_key,
    add constraint customer_extid_key unique (tenant_id, extid);
