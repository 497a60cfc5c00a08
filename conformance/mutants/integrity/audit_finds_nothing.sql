-- The audit finds no violation, whatever there is.
-- breaks: INT-007, IDN-003
alter function virtualq.find_violations() rename to find_all_violations;
create function virtualq.find_violations()
returns table (rule text, tenant_id integer, ticket_id bigint, detail text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select a.rule, a.tenant_id, a.ticket_id, a.detail
      from virtualq.find_all_violations() as a
     where false;
end;
revoke execute on function virtualq.find_violations() from public;
alter function virtualq.find_violations() owner to virtualq_maintainer;
