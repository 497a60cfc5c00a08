-- An index on the estimated wait makes every index follow each new estimate.
-- caught by: update_wait min_hot_share
-- named as: lost-hot

-- name: plant
create index ticket_wait_idx on virtualq.Ticket (estimated_wait_minutes);
