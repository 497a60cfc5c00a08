-- A setting makes the planner believe that reading by an index is dear.
-- caught by: queue_monitoring must_be_served_by
-- named as: planner-settings

-- name: plant
do $$
begin
    execute format('alter database %I set random_page_cost = 1000', current_database());
end
$$;
