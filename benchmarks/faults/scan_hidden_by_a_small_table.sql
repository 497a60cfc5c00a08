-- The dashboard asks for the employee by an expression, on a table so small that the planner is right to scan it today.
-- caught by: employee_dashboard can_be_served_by
-- named as: lost-predicate
-- needs: superuser

-- name: plant
set session_replication_role = replica;
create temporary table kept as select * from virtualq.Ticket order by closed_at nulls first, id limit 60;
truncate virtualq.Ticket cascade;
do $$
begin
    execute format(
        'insert into virtualq.Ticket (%1$s) overriding system value select %1$s from kept',
        (select string_agg(quote_ident(attname), ', ') from pg_attribute
          where attrelid = 'virtualq.ticket'::regclass and attnum > 0 and not attisdropped));
end
$$;
analyze virtualq.Ticket;

-- name: list_employee_tickets
select t.id, t.extid, t.queue_id, t.type_definition_id, t.current_state, t.customer_id, t.estimated_wait_minutes,
       t.created_at, t.leased_until, t.custom_data
  from virtualq.Ticket as t
 where t.tenant_id = %(tenant_id)s
   and abs(t.employee_id) = %(employee_id)s
   and t.current_state = any (%(states)s)
 order by t.created_at, t.id;
