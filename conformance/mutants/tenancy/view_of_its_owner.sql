-- A view shows what its owner sees, which is every tenant's tickets.
-- breaks: TEN-012
create view virtualq.WaitingTicket as
select t.tenant_id, t.queue_id, t.id, t.current_state, t.created_at
  from virtualq.Ticket as t
 where t.closed_at is null;
grant select on virtualq.WaitingTicket to virtualq_app;
