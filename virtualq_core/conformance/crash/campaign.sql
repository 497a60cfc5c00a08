-- name: settle
-- What was set up without waiting for the log is on disk from here on, and a recovery has little to read.
checkpoint

-- name: count_torn_tickets
-- The clients create every ticket with items, in one operation.
select count(*)
  from virtualq.Ticket as t
 where t.tenant_id = any (%(tenant_ids)s)
   and not exists (
           select
             from virtualq.TicketItem as i
            where i.tenant_id = t.tenant_id
              and i.ticket_id = t.id
       )
