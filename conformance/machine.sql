-- name: define_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema)
values (%(tenant_id)s, %(type_code)s, 'A type', %(fsm_schema)s)
returning id

-- name: rewrite_machine
update virtualq.TypeDefinition set fsm_schema = %(fsm_schema)s where id = %(type_id)s

-- name: find_machine
select t.fsm_schema, t.fsm_compiled, t.initial_state, t.terminal_states
  from virtualq.TypeDefinition as t
 where t.id = %(type_id)s
