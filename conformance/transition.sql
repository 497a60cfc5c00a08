-- Ways to change a ticket's state, all open to the application. Whether the edge is legal is the caller's choice.

-- name: move_by_update
update virtualq.Ticket set current_state = %(target)s where id = %(ticket_id)s

-- name: move_by_update_from
update virtualq.Ticket as t
   set current_state = wanted.state
  from (values (%(ticket_id)s::bigint, %(target)s::text)) as wanted (ticket_id, state)
 where t.id = wanted.ticket_id

-- name: move_in_common_table_expression
with moved as (
    update virtualq.Ticket set current_state = %(target)s where id = %(ticket_id)s returning id
)
select count(*) from moved

-- name: move_by_merge
merge into virtualq.Ticket as t
using (values (%(ticket_id)s::bigint)) as wanted (ticket_id)
   on t.id = wanted.ticket_id
 when matched then update set current_state = %(target)s

-- name: move_with_other_columns
update virtualq.Ticket
   set current_state = %(target)s,
       estimated_wait_minutes = 1,
       custom_data = '{"channel": "web"}'
 where id = %(ticket_id)s

-- name: move_by_function_of_the_row
update virtualq.Ticket as t
   set current_state = case t.current_state when 'received' then %(target)s else t.current_state end
 where t.id = %(ticket_id)s

-- Not moves of one ticket, but what else an application might try.

-- name: insert_ticket_in_state
insert into virtualq.Ticket (queue_id, type_definition_id, current_state)
values (%(queue_id)s, %(type_id)s, %(state)s)
returning id

-- name: copy_ticket_in_state
insert into virtualq.Ticket (queue_id, type_definition_id, current_state)
select t.queue_id, t.type_definition_id, %(state)s
  from virtualq.Ticket as t
 where t.id = %(ticket_id)s

-- name: write_state_of_several
update virtualq.Ticket set current_state = %(target)s where id = any (%(ticket_ids)s)

-- name: name_another_target
update virtualq.Ticket
   set transition_name = %(transition)s,
       current_state = %(target)s
 where id = %(ticket_id)s

-- name: leave_a_request
update virtualq.Ticket set transition_actor = 'mallory' where id = %(ticket_id)s

-- name: change_type
update virtualq.Ticket set type_definition_id = %(type_id)s where id = %(ticket_id)s

-- name: change_tenant
update virtualq.Ticket set tenant_id = %(other_tenant_id)s where id = %(ticket_id)s

-- What only the owner may do, and what the application must not.

-- name: make_meddling_function
create function virtualq.meddle() returns trigger
language plpgsql
as $$
begin
    new.current_state := 'completed';
    return new;
end
$$

-- name: make_meddling_trigger
-- Triggers fire in the order of their names.
create trigger {name} before update on virtualq.Ticket for each row execute function virtualq.meddle()

-- name: make_counting_function
-- It counts the version as well, as a function that is trusted to have judged the step would.
create function virtualq.meddle() returns trigger
language plpgsql
as $$
begin
    new.current_state := 'completed';
    new.version := old.version + 1;
    return new;
end
$$

-- name: take_in_bulk
select count(*) from virtualq.transition_tickets(%(tenant_id)s, %(ticket_ids)s, %(transition)s)

-- name: touch_ticket
update virtualq.Ticket set ttl_minutes = 5 where id = %(ticket_id)s

-- name: silence_by_replication_role
set local session_replication_role = replica

-- name: list_triggers
-- Whatever fires on a table of the schema, with its table.
select c.relname as "table", g.tgname as trigger
  from pg_trigger as g
  join pg_class as c on c.oid = g.tgrelid
 where c.relnamespace = 'virtualq'::regnamespace
   and not g.tgisinternal
 order by c.relname, g.tgname

-- name: silence_table
alter table virtualq.{table} disable trigger all

-- name: disable_trigger
alter table virtualq.{table} disable trigger {trigger}

-- name: drop_trigger
drop trigger {trigger} on virtualq.{table}

-- name: list_functions
select p.oid::regprocedure::text as function
  from pg_proc as p
 where p.pronamespace = 'virtualq'::regnamespace
 order by 1

-- name: drop_function
drop function {function}

-- name: rename_function
alter function {function} rename to replaced

-- name: own_function
alter function {function} owner to virtualq_app
