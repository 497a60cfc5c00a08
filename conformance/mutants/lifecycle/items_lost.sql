-- A ticket is created without its items.
-- breaks: LIF-003
select pg_temp.replace_in('virtualq.create_ticket', $$if items is not null then$$, $$if false then$$);
