-- A step's time is when its transaction began: a step of a transaction that was open for long is recorded as older than
-- the one before it.
-- breaks: HIS-012
alter table virtualq.TicketStateHistory alter column occurred_at set default now();
