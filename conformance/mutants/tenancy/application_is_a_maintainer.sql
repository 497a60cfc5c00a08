-- The application's role is a member of the maintainer's, and may become it.
-- breaks: TEN-005
grant virtualq_maintainer to virtualq_app;
