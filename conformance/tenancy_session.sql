-- name: name_tenant
set local virtualq.tenant_id = {value}

-- name: read_setting
select nullif(current_setting('virtualq.tenant_id', true), '') as tenant

-- name: fail
select 1 / 0
