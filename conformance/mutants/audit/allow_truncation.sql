-- A history can be truncated: its row triggers see nothing of that.
-- breaks: HIS-007
drop trigger ticketstatehistory_is_not_truncated on virtualq.TicketStateHistory;
