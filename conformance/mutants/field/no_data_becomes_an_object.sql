-- A ticket that is created without custom data has an empty object.
-- breaks: FLD-004
select pg_temp.replace_in(
    'virtualq.create_ticket',
    $$create_ticket.type_definition_id, create_ticket.custom_data,$$,
    $$create_ticket.type_definition_id, coalesce(create_ticket.custom_data, '{}'),$$
);
