-- One table does not force row security, so that its owner sees every tenant's rows.
-- breaks: TEN-005
alter table virtualq.TicketItem no force row level security;
