-- The search finds the oldest tickets that there is room for, not the newest.
-- breaks: QRY-001
select pg_temp.replace_in(
    'virtualq.search_tickets',
    $$order by t.created_at desc, t.id desc$$,
    $$order by t.created_at, t.id$$
);
