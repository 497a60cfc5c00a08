-- The search compares the fields of the first level as a whole, so that a part of a list or object is not found.
-- breaks: QRY-001
select pg_temp.replace_in(
    'virtualq.search_tickets',
    $$t.custom_data @> wanted$$,
    $$not exists (select from jsonb_each(wanted) as w where t.custom_data -> w.key is distinct from w.value)
       and t.custom_data is not null$$
);
