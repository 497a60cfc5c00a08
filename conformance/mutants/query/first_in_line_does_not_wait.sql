-- A place in line is how many are before: whoever is next is shown no wait, though the one before is still served.
-- breaks: QRY-009, QRY-006
select pg_temp.replace_in(
    'virtualq.refresh_waits',
    $$row_number() over (partition by t.queue_id order by t.created_at, t.id) as position$$,
    $$row_number() over (partition by t.queue_id order by t.created_at, t.id) - 1 as position$$
);
