-- A queue may do without an external identifier.
-- breaks: IDN-001
alter table virtualq.Queue alter column extid drop not null;
