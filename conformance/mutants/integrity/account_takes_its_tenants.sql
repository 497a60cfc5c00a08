-- An account's deletion deletes its tenants, as far as they own nothing yet.
-- breaks: INT-004
alter table virtualq.Tenant
    drop constraint tenant_account_fkey,
    add constraint tenant_account_fkey foreign key (account_id)
        references virtualq.Account (id) on delete cascade;
