-- The document's indexes as index trials left them (docs/reference/indexes.md has the figures).
--
-- The index for the isolation of tenants is gone: nothing is answered by it that the first one does not answer.

-- Queue monitoring. It carries the tenant, so that the figures above the board are counted without the table.
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
    include (tenant_id);

-- Employee dashboard.
create index idx_ticket_employee_state on virtualq.Ticket (employee_id, current_state);

-- Search in custom data, by hashes of whole paths.
create index idx_ticket_custom_data on virtualq.Ticket using gin (custom_data jsonb_path_ops);
