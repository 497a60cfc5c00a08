-- Whoever has the right may change and delete history rows: no trigger keeps them.
-- breaks: HIS-007
drop trigger ticketstatehistory_is_append_only on virtualq.TicketStateHistory;
