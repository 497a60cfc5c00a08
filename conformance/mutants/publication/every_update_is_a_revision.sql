-- An update that changes neither machine nor schema is a revision as well.
-- breaks: REV-001
select pg_temp.replace_in('virtualq.compile_type', $$if not renewed then$$, $$if false then$$);
