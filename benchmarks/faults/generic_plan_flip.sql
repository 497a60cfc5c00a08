-- The planner is told nothing of how queues belong to tenants, and of one queue only. The plan for any parameters,
-- which a prepared statement gets after some uses, then sorts a whole queue to find who is next.
-- caught by: next_ticket max_generic_plan_ratio
-- named as: generic-plan-flip

-- name: plant
drop statistics virtualq.ticket_queue_tells_tenant;
alter table virtualq.Ticket
    alter column tenant_id reset (n_distinct),
    alter column queue_id set (n_distinct = 1);
analyze virtualq.Ticket;
