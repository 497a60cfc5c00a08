-- A ticket's place in line counts those before it in other queues.
-- breaks: LIF-005
select pg_temp.replace_in('virtualq.refresh_waits', $$partition by t.queue_id order by$$, $$order by$$);
