-- A publication that makes a state terminal, or no longer so, leaves its tickets open or closed as they were.
-- breaks: REV-008
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$set closed_at = case when t.closed_at is null then clock_timestamp() end$$,
    $$set closed_at = t.closed_at$$
);
