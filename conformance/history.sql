-- name: write_state
update virtualq.Ticket set current_state = %(state)s where id = %(ticket_id)s

-- name: name_transition
update virtualq.Ticket
   set transition_name = %(transition)s,
       transition_actor = %(actor)s,
       transition_metadata = %(metadata)s,
       transition_operation_id = %(operation_id)s
 where id = %(ticket_id)s

-- name: add_item
insert into virtualq.TicketItem (ticket_id, name) values (%(ticket_id)s, 'tea')

-- name: delete_ticket
delete from virtualq.Ticket where id = %(ticket_id)s

-- name: count_rows
-- What is left of a ticket: its row, its items, its history.
select (select count(*) from virtualq.Ticket as t where t.id = %(ticket_id)s) as tickets,
       (select count(*) from virtualq.TicketItem as i where i.ticket_id = %(ticket_id)s) as items,
       (select count(*) from virtualq.TicketStateHistory as h where h.ticket_id = %(ticket_id)s) as steps

-- name: name_session_user
select session_user::text as login

-- name: hold_history
-- Nobody writes to it until the transaction ends; reading goes on.
lock table virtualq.TicketStateHistory in share mode

-- name: list_columns
-- Every column of it that an UPDATE may write at all, with a value that it has not.
select a.attname as "column",
       case
           when t.typcategory = 'N' then format('%%I + 1', a.attname)
           when t.typcategory = 'S' then '''mallory'''
           when t.typcategory = 'D' then format('%%I + interval ''1 second''', a.attname)
           when t.oid = 'uuid'::regtype then 'gen_random_uuid()'
           else '''{"by": "mallory"}'''
       end as value
  from pg_attribute as a
  join pg_type as t on t.oid = a.atttypid
 where a.attrelid = 'virtualq.TicketStateHistory'::regclass
   and a.attnum > 0
   and not a.attisdropped
   and a.attidentity <> 'a'
 order by a.attnum

-- name: falsify_column
update virtualq.TicketStateHistory set {column} = {value} where ticket_id = %(ticket_id)s

-- name: purge
select virtualq.purge_history(%(tenant_id)s, %(before)s)

-- Ways to falsify what happened.

-- name: falsify_by_insert
insert into virtualq.TicketStateHistory (tenant_id, ticket_id, seq, revision, from_state, to_state, actor)
values (%(tenant_id)s, %(ticket_id)s, 2, 1, 'received', 'completed', 'mallory')

-- name: falsify_by_update
update virtualq.TicketStateHistory set actor = 'mallory' where ticket_id = %(ticket_id)s

-- name: falsify_by_delete
delete from virtualq.TicketStateHistory where ticket_id = %(ticket_id)s

-- name: falsify_by_truncate
truncate virtualq.TicketStateHistory

-- name: falsify_by_cascade
truncate virtualq.Ticket cascade
