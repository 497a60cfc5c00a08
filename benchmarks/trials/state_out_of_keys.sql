-- The state kept out of every key, so that a transition's update is heap-only: log and dead index entries fall, and
-- every question that names states reads the queue's or the employee's whole past.
-- known answer: reject
drop index virtualq.idx_ticket_queue_state_created;
create index ticket_queue_created on virtualq.Ticket (queue_id, created_at desc);
drop index virtualq.idx_ticket_employee_state;
create index ticket_employee on virtualq.Ticket (employee_id);
