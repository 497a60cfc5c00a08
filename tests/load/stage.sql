-- name: become_maintainer
set role virtualq_maintainer

-- name: add_account
insert into virtualq.Account (name)
values ('Load tests')
returning id

-- name: add_tenants
insert into virtualq.Tenant (account_id, name)
select %(account_id)s, format('tenant %%s', n)
  from generate_series(1, %(tenants)s) as n

-- name: add_queues
insert into virtualq.Queue (tenant_id, name)
select t.id, format('queue %%s', n)
  from virtualq.Tenant as t
 cross join generate_series(1, 2) as n

-- name: add_employees
insert into virtualq.Employee (tenant_id, name)
select t.id, format('employee %%s', n)
  from virtualq.Tenant as t
 cross join generate_series(1, 3) as n

-- name: add_tickets
insert into virtualq.Ticket (tenant_id, queue_id, type_definition_id, custom_data)
select q.tenant_id, q.id, y.id, case y.type_code when 'order' then '{"channel": "web"}'::jsonb end
  from virtualq.Queue as q
 cross join virtualq.TypeDefinition as y
 cross join generate_series(1, %(each)s)

-- name: lose_some_history
-- A fault: one step in so many is swallowed.
create function virtualq.lose_some() returns trigger
language plpgsql
as $$
begin
    if new.seq > 1 and new.id %% {each} = 0 then
        return null;
    end if;
    return new;
end
$$

-- name: put_loser
create trigger aa_lose_some before insert on virtualq.TicketStateHistory
    for each row execute function virtualq.lose_some()
