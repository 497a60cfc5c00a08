-- The search for an empty fragment finds tickets without custom data, too.
-- breaks: QRY-001
select pg_temp.replace_in(
    'virtualq.search_tickets', $$t.custom_data @> wanted$$, $$coalesce(t.custom_data, '{}') @> wanted$$
);
