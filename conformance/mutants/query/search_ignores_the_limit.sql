-- The search answers with all that it finds, however few were asked for.
-- breaks: QRY-001
select pg_temp.replace_in('virtualq.search_tickets', $$     limit at_most;$$, $$;$$);
