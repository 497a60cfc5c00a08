-- A tenant sees the customers of its account's other tenants.
-- breaks: TEN-002
create function virtualq.account_of(tenant_id integer) returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp
return (select t.account_id from virtualq.Tenant as t where t.id = tenant_id);
revoke execute on function virtualq.account_of from public;
alter function virtualq.account_of owner to virtualq_maintainer;
grant execute on function virtualq.account_of to virtualq_app;
create policy own_account on virtualq.Customer for select to public using (
    virtualq.account_of(tenant_id)
    = virtualq.account_of(nullif(current_setting('virtualq.tenant_id', true), '')::integer)
);
