-- Two employees may share an external identifier.
-- breaks: IDN-001
alter table virtualq.Employee drop constraint employee_extid_key;
