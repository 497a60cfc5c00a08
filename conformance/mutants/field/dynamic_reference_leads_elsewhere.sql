-- A schema may refer to another document by $dynamicRef.
-- breaks: FLD-008
alter table virtualq.TypeDefinition
    drop constraint typedefinition_fields_stay_local,
    add constraint typedefinition_fields_stay_local check (
        not jsonb_path_exists(
            custom_fields_schema,
            'strict $.**."$ref" ? (@.type() == "string" && !(@ starts with "#"))', '{}', true)
    );
