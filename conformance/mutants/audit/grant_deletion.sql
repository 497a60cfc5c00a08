-- The application has the right to delete history, and only a trigger in its way.
-- breaks: HIS-006
grant delete on virtualq.TicketStateHistory to virtualq_app;
