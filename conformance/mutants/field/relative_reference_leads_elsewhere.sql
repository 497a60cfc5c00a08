-- A schema may refer to another document by a relative address.
-- breaks: FLD-008
alter table virtualq.TypeDefinition
    drop constraint typedefinition_fields_stay_local,
    add constraint typedefinition_fields_stay_local check (
        not jsonb_path_exists(
            custom_fields_schema,
            'strict $.**."$ref" ? (@.type() == "string" && @ like_regex "^[a-z]+:")', '{}', true)
        and not jsonb_path_exists(
            custom_fields_schema,
            'strict $.**."$dynamicRef" ? (@.type() == "string" && @ like_regex "^[a-z]+:")', '{}', true)
    );
