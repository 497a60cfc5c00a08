-- Of every item there is one.
-- breaks: LIF-003
select pg_temp.replace_in('virtualq.create_ticket', $$coalesce(i.quantity, 1)$$, $$1$$);
