-- A sort of the board's thousand tickets does not fit into work_mem.
-- caught by: queue_monitoring must_not_spill
-- named as: spill

-- name: plant
do $$
begin
    execute format('alter database %I set work_mem = 64', current_database());
end
$$;
