-- name: drop_queue_index
drop index virtualq.idx_ticket_queue_state_created;

-- name: turn_queue_index_around
create index idx_ticket_queue_state_created on virtualq.Ticket (created_at desc, current_state, queue_id);

-- name: invalidate_queue_index
update pg_index set indisvalid = false where indexrelid = 'virtualq.idx_ticket_queue_state_created'::regclass;

-- name: overprice_indexes
alter database {database} set random_page_cost = 1000;

-- name: change_many_tickets
update virtualq.Ticket set estimated_wait_minutes = coalesce(estimated_wait_minutes, 0) + 1
 where closed_at is not null
   and id % 2 = 0;

-- name: count_everything
select (select count(*) from virtualq.Ticket), (select count(*) from virtualq.TicketItem),
       (select count(*) from virtualq.TicketStateHistory), (select count(*) from pg_class),
       (select sum(hashtext(t::text)) from virtualq.Ticket as t);

-- name: make_table
create table virtualq.Intruder (id integer);

-- name: find_function_text
select p.prosrc from pg_proc as p where p.oid = %(function)s::regproc;

-- name: list_depths
select count(*) from virtualq.Ticket as t where t.closed_at is null group by t.queue_id;

-- name: set_small_work_mem
alter database {database} set work_mem = '64kB';

-- name: count_tickets
select count(*) from virtualq.Ticket;

-- name: sleep
select pg_sleep(5);

-- name: say_nothing
select;

-- name: add_useless_index
create index ticket_useless_idx on virtualq.Ticket (current_state, created_at, tenant_id);

-- name: list_newest_of_queue
-- The newest fifty tickets of a queue, and whether they are closed.
select t.id, t.closed_at is not null
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and t.queue_id = %(queue_id)s
 order by t.created_at desc, t.id desc
 limit 50;
