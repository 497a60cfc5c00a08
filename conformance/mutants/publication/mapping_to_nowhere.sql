-- A mapping may lead to a state that the new machine lacks.
-- breaks: REV-006
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$elsif not new.fsm_compiled ? coalesce(entry.value, '') then$$,
    $$elsif entry.value is null then$$
);
