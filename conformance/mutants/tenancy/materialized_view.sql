-- A materialized view, which row security does not know, counts every tenant's tickets.
-- breaks: TEN-012
create materialized view virtualq.QueueLength as
select t.tenant_id, t.queue_id, count(*) as tickets
  from virtualq.Ticket as t
 where t.closed_at is null
 group by t.tenant_id, t.queue_id;
grant select on virtualq.QueueLength to virtualq_app;
