-- The purge deletes every closed ticket, however young.
-- breaks: HIS-009
select pg_temp.replace_in('virtualq.purge_history', $$t.closed_at < before$$, $$t.closed_at is not null$$);
