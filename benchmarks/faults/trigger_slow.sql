-- The enforcement trigger counts the whole history before each transition.
-- caught by: transition max_trigger_ratio
-- named as: slow-trigger

-- name: plant
do $plant$
begin
    execute regexp_replace(
        pg_get_functiondef('virtualq.enforce_transition'::regproc), E'\nbegin\n',
        E'\nbegin\n    perform count(*) from virtualq.TicketStateHistory as h where h.occurred_at > old.created_at;\n');
end
$plant$;
