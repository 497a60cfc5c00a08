-- The history is an unlogged table, which a crash empties.
-- breaks: DUR-001
alter table virtualq.TicketStateHistory set unlogged;
