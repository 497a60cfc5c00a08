-- name: prelude
-- Run before each mutant, in its session. A mutant changes a few words of a function; one whose words are no longer
-- there would change nothing and seem to be caught by nobody, so that is an error.
create function pg_temp.replace_in(changed regproc, present text, wanted text) returns void
language plpgsql
as $$
declare
    definition  constant text := pg_get_functiondef(changed);
    found       constant integer := (length(definition) - length(replace(definition, present, ''))) / length(present);
begin
    if found <> 1 then
        raise exception 'the function % has % times what the mutant changes: %', changed, found, present;
    end if;
    execute replace(definition, present, wanted);
end
$$
