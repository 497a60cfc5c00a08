-- One table has policies and does not apply them.
-- breaks: TEN-002
alter table virtualq.Customer disable row level security;
