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

-- name: rewrite_machine
update virtualq.TypeDefinition set fsm_schema = %(fsm_schema)s where id = %(type_id)s

-- name: define_system_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, is_system_defined)
values (null, 'conformance', 'A type for all', %(fsm_schema)s, true)
returning id

-- name: add_ticket
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id) values (%(of)s, %(queue_id)s, %(type_id)s)
returning id

-- name: publish
select virtualq.publish_type(%(type_id)s, %(fsm_schema)s, state_mapping => %(state_mapping)s)

-- name: list_last_steps
select t.current_state, h.seq, h.to_state, h.revision
  from virtualq.Ticket as t
  join virtualq.TicketStateHistory as h on h.tenant_id = t.tenant_id and h.ticket_id = t.id and h.seq = t.version
 where t.id = any (%(ticket_ids)s)

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
