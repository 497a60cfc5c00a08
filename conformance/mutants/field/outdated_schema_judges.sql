-- A ticket is created though its data were validated under a schema that has been replaced since.
-- breaks: FLD-005
select pg_temp.replace_in('virtualq.create_ticket', $$if present <> revision then$$, $$if false then$$);
