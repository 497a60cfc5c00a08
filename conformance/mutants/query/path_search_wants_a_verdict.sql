-- The search by path finds the tickets of which the path is true, not those in which it finds something.
-- breaks: QRY-001
select pg_temp.replace_in('virtualq.search_tickets_by_path', $$@?$$, $$@@$$);
