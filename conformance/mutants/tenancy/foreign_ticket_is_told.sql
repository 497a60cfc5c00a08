-- Whoever names another tenant's ticket is told that it is another tenant's.
-- breaks: TEN-008
create function virtualq.exists_elsewhere(ticket_id bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
return exists (select from virtualq.Ticket as t where t.id = ticket_id);
revoke execute on function virtualq.exists_elsewhere from public;
alter function virtualq.exists_elsewhere owner to virtualq_maintainer;
grant execute on function virtualq.exists_elsewhere to virtualq_app;
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$            raise exception using
                errcode = 'no_data_found'$$,
    $$            if virtualq.exists_elsewhere(ticket_id) then
                raise exception using
                    errcode = 'insufficient_privilege',
                    message = format('wrong-tenant: ticket %s is not yours', ticket_id);
            end if;
            raise exception using
                errcode = 'no_data_found'$$
);
