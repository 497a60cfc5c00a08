-- The document's index for the isolation of tenants, dropped. Tenants are kept apart by keys and row security, and
-- whatever it could answer idx_ticket_queue_state_created answers as well.
-- known answer: accept
drop index virtualq.idx_ticket_tenant_via_queue;
