-- That a ticket's state is one of its machine is left to a CHECK with a function that looks it up; nothing asks again
-- when the machine changes.
-- breaks: REV-004
create function virtualq.has_state(type_definition_id integer, state text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
return exists (select from virtualq.TypeDefinition as t where t.id = type_definition_id and t.fsm_compiled ? state);
revoke execute on function virtualq.has_state from public;
grant execute on function virtualq.has_state to virtualq_app, virtualq_maintainer;
alter table virtualq.Ticket
    add constraint ticket_state_is_in_machine check (virtualq.has_state(type_definition_id, current_state));
select pg_temp.replace_in('virtualq.record_revision', $$if stranded is not null then$$, $$if false then$$);
