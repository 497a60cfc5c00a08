-- A suite of a few rules about comments, and what breaks them.

-- name: read_comment
select obj_description(%(table)s::regclass)

-- name: call_nothing
select virtualq.no_such_function()

-- name: read_connection_limit
select r.rolconnlimit from pg_roles as r where r.rolname = 'virtualq_app'

-- name: mark_ticket
comment on table virtualq.Ticket is 'wrong'

-- name: mark_ticket_with_a_question
comment on table virtualq.Ticket is 'wrong?'

-- name: mark_ticket_for_a_mistake
comment on table virtualq.Ticket is 'mistake'

-- name: mark_ticket_for_the_fixture
comment on table virtualq.Ticket is 'fixture'

-- name: mark_ticket_and_commit
comment on table virtualq.Ticket is 'wrong';
commit

-- name: mark_queue
comment on table virtualq.Queue is 'wrong'

-- name: mark_tenant
comment on table virtualq.Tenant is 'wrong'

-- name: mark_nothing
comment on table virtualq.Nothing is 'wrong'

-- name: alter_role
alter role virtualq_app connection limit 7;
comment on table virtualq.Ticket is 'wrong'
