-- name: enter_tenant
set local virtualq.tenant_id = {tenant_id}

-- name: join_tenant
select virtualq.enter_tenant(%(tenant_id)s)
