-- Two tickets may share an external identifier.
-- breaks: IDN-001, IDN-002
alter table virtualq.Ticket drop constraint ticket_extid_key;
