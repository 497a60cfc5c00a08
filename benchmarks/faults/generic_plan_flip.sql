-- The planner takes all tickets to be of one queue wherever it does not look at the parameter: the plan for any parameters
-- sorts the whole queue to find who is next, which shows from about the eleventh execution of a prepared statement on.
-- caught by: next_ticket max_generic_plan_ratio
-- named as: generic-plan-flip

-- name: plant
alter table virtualq.Ticket alter column queue_id set (n_distinct = 1);
analyze virtualq.Ticket;
