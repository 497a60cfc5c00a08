-- The purge deletes tickets that were created before the given time, open ones too.
-- breaks: HIS-009
select pg_temp.replace_in('virtualq.purge_history', $$t.closed_at < before$$, $$t.created_at < before$$);
