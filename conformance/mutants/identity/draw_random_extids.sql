-- External identifiers are random, and say nothing of the order in which they were drawn.
-- breaks: IDN-004
create or replace function virtualq.new_extid() returns uuid language sql volatile return gen_random_uuid();
