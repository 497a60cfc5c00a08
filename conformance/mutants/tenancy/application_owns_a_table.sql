-- The application's role owns a table, and may switch its row security off.
-- breaks: TEN-005
alter table virtualq.Customer owner to virtualq_app;
