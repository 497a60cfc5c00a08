-- A mapping may lead from a state that the new machine keeps.
-- breaks: REV-006
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$elsif new.fsm_compiled ? entry.key then$$,
    $$elsif false then$$
);
