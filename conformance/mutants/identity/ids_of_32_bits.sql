-- Items are counted in 32 bits, which a busy house uses up.
-- breaks: IDN-005
alter table virtualq.TicketItem alter column id type integer;
