-- No machine is ever refused.
-- breaks: FSM-001
create or replace function virtualq.refuse_machine(path text, rule text) returns void
language sql immutable
as '';
