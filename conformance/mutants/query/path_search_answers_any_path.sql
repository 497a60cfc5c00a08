-- The search by path tries every path on the tickets, so that one that fails on some value says that it is there.
-- breaks: QRY-008
select pg_temp.replace_in(
    'virtualq.search_tickets_by_path', $$not virtualq.is_searchable_path(path)$$, $$false$$
);
