-- A tenant's tickets by when they were closed, the open ones together. The tenant's overview and its overdue tickets,
-- which no index of the document's serves, are found at once. But the planner, who does not know that a ticket in a state
-- such as 'received' is open anyway, combines it with the queue's index for the next ticket to claim, and reads all
-- that wait instead of the first.
-- known answer: reject
create index ticket_tenant_closed on virtualq.Ticket (tenant_id, closed_at);
