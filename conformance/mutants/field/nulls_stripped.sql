-- Fields whose value is null are dropped from custom data.
-- breaks: FLD-004
select pg_temp.replace_in(
    'virtualq.create_ticket',
    $$create_ticket.type_definition_id, create_ticket.custom_data,$$,
    $$create_ticket.type_definition_id, jsonb_strip_nulls(create_ticket.custom_data),$$
);
