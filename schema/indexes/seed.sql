-- The document's four indexes.

-- Queue monitoring, the most frequent query.
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc);

-- Employee dashboard.
create index idx_ticket_employee_state on virtualq.Ticket (employee_id, current_state);

-- Isolation of tenants by way of the queue.
create index idx_ticket_tenant_via_queue on virtualq.Ticket (queue_id) include (type_definition_id);

-- Search in custom data.
create index idx_ticket_custom_data on virtualq.Ticket using gin (custom_data);
