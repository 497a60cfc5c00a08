-- Names are lower-cased, so that 'Ready' and 'ready' are one state.
-- breaks: FSM-007
select pg_temp.replace_in('virtualq.require_name', $$return name #>> '{}';$$, $$return lower(name #>> '{}');$$);
