-- name: index_waits
create index ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);

-- name: drop_dashboard_index
drop index virtualq.idx_ticket_employee_state;

-- name: drop_indexes_on_state
drop index virtualq.idx_ticket_queue_state_created, virtualq.idx_ticket_employee_state;

-- name: rewrite_tickets
drop index virtualq.idx_ticket_tenant_via_queue;
alter table virtualq.Ticket set (fillfactor = 90);
cluster virtualq.Ticket using ticket_pkey;

-- name: index_concurrently
create index concurrently ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);

-- name: misspell
create index ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);
create indx ticket_nothing on virtualq.Ticket (id);

-- name: index_nothing
create index ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);
create index ticket_nothing on virtualq.Ticket (nothing);

-- name: end_transaction
create index ticket_estimated_wait on virtualq.Ticket (estimated_wait_minutes);
rollback;
