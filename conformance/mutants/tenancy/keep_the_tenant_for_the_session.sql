-- The tenant is set for the session, and stays on the connection for its next user.
-- breaks: TEN-006
create or replace function virtualq.enter_tenant(tenant_id integer) returns void
language sql
as $$ select set_config('virtualq.tenant_id', tenant_id::text, false) $$;
