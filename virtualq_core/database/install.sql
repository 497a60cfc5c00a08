-- name: take_install_lock
-- Two installers of one database take turns; whoever comes second sees the first one's work.
select pg_advisory_xact_lock(hashtextextended('virtualq install', 0))

-- name: become_maintainer
-- Row security is forced, and system-defined types belong to no tenant: only the maintainer may write them.
set local role virtualq_maintainer

-- name: add_system_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, custom_fields_schema, is_system_defined)
values (null, %(type_code)s, %(type_name)s, %(fsm_schema)s, %(custom_fields_schema)s, true)

-- name: become_installer
reset role

-- name: record_installation
insert into virtualq.Installation (schema_version, schema_hash, indexes, harness_may_write)
values (%(schema_version)s, %(schema_hash)s, %(indexes)s, %(harness_may_write)s)

-- name: record_layout
-- Apart from the record, which must also suit the schemas of revisions that knew one layout only.
update virtualq.Installation
   set layout = %(layout)s
