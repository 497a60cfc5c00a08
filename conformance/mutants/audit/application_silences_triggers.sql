-- The application may set session_replication_role, which silences every trigger.
-- breaks: TRN-014
grant set on parameter session_replication_role to virtualq_app;
