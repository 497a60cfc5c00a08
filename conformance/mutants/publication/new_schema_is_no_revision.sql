-- A new custom-field schema alone is no revision, so that nobody who has read the old one notices.
-- breaks: REV-001, FLD-005
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$
            or old.custom_fields_schema is distinct from new.custom_fields_schema;$$,
    $$;$$
);
