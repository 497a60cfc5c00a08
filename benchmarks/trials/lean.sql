-- The set of indexes in schema/indexes/lean.sql in place of the document's.
-- known answer: accept
drop index virtualq.idx_ticket_tenant_via_queue;
drop index virtualq.idx_ticket_queue_state_created;
create index idx_ticket_queue_state_created on virtualq.Ticket (queue_id, current_state, created_at desc)
    include (tenant_id);
drop index virtualq.idx_ticket_custom_data;
create index idx_ticket_custom_data on virtualq.Ticket using gin (custom_data jsonb_path_ops);
