-- Transitions from everywhere are dropped when a type is written.
-- breaks: FSM-004
create function virtualq.forget_the_wildcard() returns trigger
language plpgsql
as $$
begin
    new.fsm_schema := jsonb_set(new.fsm_schema, '{transitions}', (
        select coalesce(jsonb_agg(t), '[]')
          from jsonb_array_elements(coalesce(new.fsm_schema -> 'transitions', '[]')) as t
         where t -> 'from' <> '"*"'
    ));
    return new;
end
$$;
create trigger forget_the_wildcard
    before insert on virtualq.TypeDefinition
    for each row execute function virtualq.forget_the_wildcard();
