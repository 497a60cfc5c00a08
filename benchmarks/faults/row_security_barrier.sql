-- The search runs with its caller's rights, so that row security keeps the GIN index from it.
-- caught by: custom_data_search must_be_served_by
-- named as: row-security-barrier

-- name: plant
alter function virtualq.search_tickets security invoker;
