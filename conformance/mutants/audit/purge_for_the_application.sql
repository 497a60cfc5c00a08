-- The application may purge.
-- breaks: HIS-009, TEN-011
grant execute on function virtualq.purge_history(integer, timestamptz) to virtualq_app;
