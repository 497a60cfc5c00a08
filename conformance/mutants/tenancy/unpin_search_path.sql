-- A function that runs with its owner's rights takes its search_path from the caller.
-- breaks: TEN-012
alter function virtualq.enforce_transition() reset search_path;
