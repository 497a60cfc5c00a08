-- A revision keeps the machine, but not the custom-field schema.
-- breaks: REV-001
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$new.scope, new.id, new.revision, new.custom_fields_schema,$$,
    $$new.scope, new.id, new.revision, null,$$
);
