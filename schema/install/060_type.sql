-- Ticket types as data. `scope` is the tenant or 0 for system-defined types: a ticket references (scope, id), so that
-- using another tenant's type is a foreign-key violation. The scope and the compiled columns are written by a trigger
-- only. The scope is no generated column: it belongs to the key, and where a trigger fires before an update PostgreSQL
-- counts generated columns as changed. Each publication would lock the key, and deadlock with tickets being created.
create table virtualq.TypeDefinition (
    id                    integer generated always as identity,
    extid                 uuid not null default virtualq.new_extid(),
    tenant_id             integer default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    scope                 integer not null,
    type_code             varchar(32) not null,
    type_name             varchar(100) not null,
    custom_fields_schema  jsonb,
    fsm_schema            jsonb not null,
    is_system_defined     boolean not null default false,
    revision              integer not null,
    fsm_compiled          jsonb not null,
    initial_state         varchar(32) not null,
    terminal_states       text[] not null,
    state_mapping         jsonb,
    created_at            timestamptz not null default now(),
    constraint typedefinition_pkey primary key (scope, id),
    constraint typedefinition_id_key unique (id),
    constraint typedefinition_extid_key unique (extid),
    constraint typedefinition_code_key unique (scope, type_code),
    constraint typedefinition_tenant_fkey foreign key (tenant_id)
        references virtualq.Tenant (id) on delete restrict,
    constraint typedefinition_scope_is_tenant check (scope = coalesce(tenant_id, 0)),
    constraint typedefinition_system_has_no_tenant check (is_system_defined = (tenant_id is null)),
    constraint typedefinition_fields_are_schema
        check (jsonb_typeof(custom_fields_schema) in ('object', 'boolean')),
    -- A schema that is fetched is a schema that someone else can change, and a request that someone else can see.
    constraint typedefinition_fields_stay_local
        check (
            not jsonb_path_exists(
                custom_fields_schema,
                'strict $.**."$ref" ? (@.type() == "string" && !(@ starts with "#"))', '{}', true)
            and not jsonb_path_exists(
                custom_fields_schema,
                'strict $.**."$dynamicRef" ? (@.type() == "string" && !(@ starts with "#"))', '{}', true)
        )
);

-- Every publication, kept for ever: history rows name the revision whose edges they took.
create table virtualq.TypeDefinitionRevision (
    scope                 integer not null,
    type_definition_id    integer not null,
    revision              integer not null,
    custom_fields_schema  jsonb,
    fsm_schema            jsonb not null,
    fsm_compiled          jsonb not null,
    initial_state         varchar(32) not null,
    state_mapping         jsonb,
    published_by          text not null default session_user,
    published_at          timestamptz not null default now(),
    constraint typedefinitionrevision_pkey primary key (scope, type_definition_id, revision),
    constraint typedefinitionrevision_type_fkey foreign key (scope, type_definition_id)
        references virtualq.TypeDefinition (scope, id) on delete restrict
);
