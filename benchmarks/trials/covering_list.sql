-- Every column that the queue's list shows, carried by its index: an index as large as the table, and each update
-- writes the ticket twice.
-- known answer: reject
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
    include (tenant_id, id, extid, type_definition_id, customer_id, employee_id, estimated_wait_minutes, custom_data);
