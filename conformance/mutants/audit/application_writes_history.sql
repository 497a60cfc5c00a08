-- The application may insert history rows.
-- breaks: HIS-006
grant insert on virtualq.TicketStateHistory to virtualq_app;
