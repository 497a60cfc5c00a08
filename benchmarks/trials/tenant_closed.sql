-- A tenant's tickets by when they were closed, the open ones together: the tenant's overview and its overdue tickets,
-- which no index of the document's serves, no longer read all that the tenant ever had.
-- known answer: accept
create index ticket_tenant_closed on virtualq.Ticket (tenant_id, closed_at);
