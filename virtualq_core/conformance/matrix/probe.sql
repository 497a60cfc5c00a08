-- name: enter_role
set local role {role}

-- name: check_constraints
set constraints all immediate
