-- name: define_type
insert into virtualq.TypeDefinition (tenant_id, type_code, type_name, fsm_schema, custom_fields_schema)
values (%(tenant_id)s, %(type_code)s, 'A type', '{"init": "a"}', %(custom_fields_schema)s)
returning id

-- name: find_type
select t.id from virtualq.TypeDefinition as t where t.type_code = %(type_code)s

-- name: insert_ticket
insert into virtualq.Ticket (queue_id, type_definition_id, custom_data)
values (%(queue_id)s, %(type_id)s, %(custom_data)s)
returning id

-- name: count_tickets
select count(*) from virtualq.Ticket

-- name: insert_text
-- A document as it is written, for the column to read.
insert into virtualq.Ticket (queue_id, type_definition_id, custom_data)
values (%(queue_id)s, %(type_id)s, %(text)s)
returning custom_data::text

-- name: find_number
select t.custom_data ->> 'n' from virtualq.Ticket as t where t.id = %(ticket_id)s
