-- An operation for another tenant takes the transaction over instead of being refused.
-- breaks: TEN-007
create or replace function virtualq.enter_tenant(tenant_id integer) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('virtualq.tenant_id', tenant_id::text, true);
end
$$;
