-- Whether tickets would be stranded is asked by the function that publishes, and not where a type is updated.
-- breaks: REV-004
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$if tg_op = 'INSERT' then$$,
    $$if tg_op = 'INSERT' or current_setting('virtualq.publishing', true) is distinct from 'on' then$$
);
create or replace function virtualq.publish_type(
    type_definition_id    integer,
    fsm_schema            jsonb default null,
    custom_fields_schema  jsonb default null,
    state_mapping         jsonb default null
) returns integer
language plpgsql volatile
as $$
declare
    published  integer;
begin
    perform set_config('virtualq.publishing', 'on', true);
    update virtualq.TypeDefinition as t
       set fsm_schema = coalesce(publish_type.fsm_schema, t.fsm_schema),
           custom_fields_schema = coalesce(publish_type.custom_fields_schema, t.custom_fields_schema),
           state_mapping = publish_type.state_mapping
     where t.id = publish_type.type_definition_id
    returning t.revision into published;
    perform set_config('virtualq.publishing', 'off', true);
    return published;
end
$$;
