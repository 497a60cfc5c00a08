-- The function that publishes has its owner's rights and asks nobody whose type it is.
-- breaks: REV-010
alter function virtualq.publish_type owner to virtualq_maintainer;
alter function virtualq.publish_type security definer set search_path = pg_catalog, pg_temp;
