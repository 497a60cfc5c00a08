-- name: enter_tenant
set local virtualq.tenant_id = {tenant_id}
