-- The index that would help a query which grows with the tenant, by the query's name. They are tried and rolled back
-- by `virtualq growth`; none is shipped, because each is paid for by every write, and the questions are rare.

-- name: list_overdue_tickets
-- A tenant's open tickets alone, the oldest first.
create index ticket_tenant_open on virtualq.Ticket (tenant_id, created_at) where closed_at is null;

-- name: list_history_of_day
-- A tenant's history by time. It holds a row for each step ever taken; partitions by month would answer with less.
create index ticketstatehistory_tenant_time on virtualq.TicketStateHistory (tenant_id, occurred_at);

-- name: summarise_tenant
-- A tenant's tickets by when they were closed, the open ones together. Its trial rejects it (benchmarks/trials,
-- docs/reference/trust.md): the planner takes it for the next ticket to claim as well, which then takes 7.9 times as long.
create index ticket_tenant_closed on virtualq.Ticket (tenant_id, closed_at);
