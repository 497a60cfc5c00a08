-- name: list_types
select t.id, t.tenant_id, t.type_code, t.type_name, t.revision, t.fsm_schema, t.custom_fields_schema
  from virtualq.TypeDefinition as t
 order by t.scope, t.type_code

-- name: find_type
select t.id, t.tenant_id, t.type_code, t.type_name, t.revision, t.fsm_schema, t.custom_fields_schema
  from virtualq.TypeDefinition as t
 where t.id = %(id)s

-- name: define_type
insert into virtualq.TypeDefinition as t (tenant_id, type_code, type_name, fsm_schema, custom_fields_schema)
values (%(tenant_id)s, %(type_code)s, %(type_name)s, %(fsm_schema)s, %(custom_fields_schema)s)
returning t.id

-- name: has_function
-- Where the tables are spread over nodes, a type is not inserted: no trigger could keep its revision there.
select to_regproc('virtualq.define_type') is not null

-- name: call_define_type
select virtualq.define_type(
    %(tenant_id)s, %(type_code)s, %(type_name)s, %(fsm_schema)s, %(custom_fields_schema)s
)

-- name: publish_type
select virtualq.publish_type(%(id)s, %(fsm_schema)s, %(custom_fields_schema)s, %(state_mapping)s)
