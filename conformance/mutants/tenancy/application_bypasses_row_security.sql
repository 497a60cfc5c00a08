-- The application's role may bypass row security.
-- breaks: TEN-001, TEN-002, TEN-005
alter role virtualq_app bypassrls;
