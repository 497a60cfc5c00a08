-- name: list_revisions
select r.revision, r.fsm_schema, r.custom_fields_schema, r.state_mapping
  from virtualq.TypeDefinitionRevision as r
 where r.type_definition_id = %(type_id)s
 order by r.revision

-- name: find_type
select t.revision, t.fsm_schema, t.fsm_compiled, t.terminal_states
  from virtualq.TypeDefinition as t
 where t.id = %(type_id)s

-- name: rename_type
update virtualq.TypeDefinition set type_name = 'Renamed' where id = %(type_id)s

-- name: define_type_with_code
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema)
values (%(tenant_id)s, %(type_code)s, 'A type', '{"init": "a"}')
returning id

-- name: find_system_type
select t.id from virtualq.TypeDefinition as t where t.scope = 0 order by t.id limit 1

-- What is compiled or counted by the database, written by hand.

-- name: forge_compiled
update virtualq.TypeDefinition set fsm_compiled = '{}' where id = %(type_id)s

-- name: forge_revision
update virtualq.TypeDefinition set revision = 7 where id = %(type_id)s

-- name: forge_initial_state
update virtualq.TypeDefinition set initial_state = 'b' where id = %(type_id)s

-- name: forge_terminal_states
update virtualq.TypeDefinition set terminal_states = '{}' where id = %(type_id)s

-- name: forge_system_type
update virtualq.TypeDefinition set is_system_defined = true where id = %(type_id)s

-- Ways to change what was published.

-- name: falsify_by_update
update virtualq.TypeDefinitionRevision set published_by = 'mallory' where type_definition_id = %(type_id)s

-- name: falsify_by_delete
delete from virtualq.TypeDefinitionRevision where type_definition_id = %(type_id)s

-- name: falsify_by_truncate
truncate virtualq.TypeDefinitionRevision

-- name: delete_type
delete from virtualq.TypeDefinition where id = %(type_id)s
