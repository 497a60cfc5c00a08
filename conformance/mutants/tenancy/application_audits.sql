-- The application may run the audit, which reads every tenant's tickets.
-- breaks: TEN-011
grant execute on function virtualq.find_violations() to virtualq_app;
