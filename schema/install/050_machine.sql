-- The state machine in JSON, checked and compiled.
--
-- The strict profile: every construct that the npm package javascript-state-machine takes but that surprises its
-- author is refused, with the path of the construct and the rule. The compiled form is a map
-- {state: {transition: target}} in which wildcards are spelled out, so that enforcing needs two look-ups and no loop.

create function virtualq.refuse_machine(path text, rule text) returns void
language plpgsql immutable
as $$
begin
    raise exception using
        errcode = 'check_violation',
        constraint = 'machine_is_valid',
        schema = 'virtualq',
        table = 'typedefinition',
        column = 'fsm_schema',
        message = format('invalid-machine: %s: %s', path, rule),
        hint = 'docs/reference/machines.md lists the rules';
end
$$;

-- A state's name: a string of 1 to 32 characters that is not the wildcard.
create function virtualq.require_state_name(path text, name jsonb) returns text
language plpgsql immutable
as $$
begin
    if name is null or jsonb_typeof(name) <> 'string' or name #>> '{}' = '' then
        perform virtualq.refuse_machine(path, 'a state is named by a non-empty string');
    elsif name #>> '{}' = '*' then
        perform virtualq.refuse_machine(path, 'the wildcard ''*'' is not a state here');
    elsif length(name #>> '{}') > 32 then
        perform virtualq.refuse_machine(
            path, format('the state ''%s'' is longer than 32 characters', name #>> '{}'));
    end if;
    return name #>> '{}';
end
$$;

create function virtualq.require_transition_name(path text, name jsonb) returns text
language plpgsql immutable
as $$
begin
    if name is null or jsonb_typeof(name) <> 'string' or name #>> '{}' = '' then
        perform virtualq.refuse_machine(path, 'a transition is named by a non-empty string');
    end if;
    return name #>> '{}';
end
$$;

create function virtualq.compile_machine(
    document             jsonb,
    out compiled         jsonb,
    out initial_state    text,
    out initial_name     text,
    out initial_from     text,
    out terminal_states  text[]
)
language plpgsql immutable
as $$
declare
    entry      jsonb;
    source     jsonb;
    sources    jsonb;
    transition text;
    origin     text;
    target     text;
    path       text;
    place      integer;
    specific   jsonb := '{}';  -- {state: {transition: target}}, as written
    wildcard   jsonb := '{}';  -- {transition: target or '*'}
    declared   text[];
    used       text[];
    state      text;
    edges      jsonb;
begin
    if document is null or jsonb_typeof(document) <> 'object' then
        perform virtualq.refuse_machine('', 'a machine is a JSON object');
    end if;

    entry := document -> 'init';
    if jsonb_typeof(entry) = 'object' then
        initial_state := virtualq.require_state_name('init.to', entry -> 'to');
        initial_name := case when entry ? 'name'
            then virtualq.require_transition_name('init.name', entry -> 'name') else 'init' end;
        initial_from := case when entry ? 'from'
            then virtualq.require_state_name('init.from', entry -> 'from') else 'none' end;
    else
        initial_state := virtualq.require_state_name('init', entry);
        initial_name := 'init';
        initial_from := 'none';
    end if;
    specific := jsonb_build_object(initial_from, jsonb_build_object(initial_name, initial_state));
    used := array[initial_from, initial_state];

    if document ? 'transitions' and jsonb_typeof(document -> 'transitions') <> 'array' then
        perform virtualq.refuse_machine('transitions', 'the transitions are an array');
    end if;
    place := -1;
    for entry in select jsonb_array_elements(coalesce(document -> 'transitions', '[]')) loop
        place := place + 1;
        path := format('transitions[%s]', place);
        if jsonb_typeof(entry) <> 'object' then
            perform virtualq.refuse_machine(path, 'a transition is an object');
        end if;
        transition := virtualq.require_transition_name(path || '.name', entry -> 'name');

        if entry -> 'to' = '"*"' then
            target := '*';
        else
            target := virtualq.require_state_name(path || '.to', entry -> 'to');
            used := used || target;
        end if;

        sources := entry -> 'from';
        if jsonb_typeof(sources) = 'array' and jsonb_array_length(sources) = 0 then
            perform virtualq.refuse_machine(path || '.from', 'an empty list drops the transition');
        elsif jsonb_typeof(sources) is distinct from 'array' then
            sources := jsonb_build_array(sources);
        end if;
        for source in select jsonb_array_elements(sources) loop
            if source = '"*"' then
                if wildcard ? transition then
                    perform virtualq.refuse_machine(
                        path, format('a second edge ''%s'' from ''*''', transition));
                end if;
                wildcard := wildcard || jsonb_build_object(transition, target);
            else
                origin := virtualq.require_state_name(path || '.from', source);
                used := used || origin;
                edges := coalesce(specific -> origin, '{}');
                if edges ? transition then
                    perform virtualq.refuse_machine(
                        path, format('a second edge ''%s'' from ''%s''', transition, origin));
                end if;
                specific := specific || jsonb_build_object(
                    origin,
                    edges || jsonb_build_object(transition, case target when '*' then origin else target end));
            end if;
        end loop;
    end loop;

    if document ? 'states' then
        if jsonb_typeof(document -> 'states') <> 'array' then
            perform virtualq.refuse_machine('states', 'the states are an array');
        end if;
        declared := '{}';
        place := -1;
        for entry in select jsonb_array_elements(document -> 'states') loop
            place := place + 1;
            path := format('states[%s]', place);
            state := virtualq.require_state_name(path, entry);
            if state = any (declared) then
                perform virtualq.refuse_machine(path, format('the state ''%s'' is declared twice', state));
            end if;
            declared := declared || state;
        end loop;
        foreach state in array used loop
            if state <> initial_from and state <> all (declared) then
                perform virtualq.refuse_machine('states', format('the state ''%s'' is used but not declared', state));
            end if;
        end loop;
        used := used || declared;
    end if;

    compiled := '{}';
    terminal_states := '{}';
    for state in select distinct name from unnest(used) as u (name) loop
        select coalesce(jsonb_object_agg(w.key, case w.value when '*' then state else w.value end), '{}')
          into edges
          from jsonb_each_text(wildcard) as w;
        edges := edges || coalesce(specific -> state, '{}');
        compiled := compiled || jsonb_build_object(state, edges);
        if state <> initial_from
           and not exists (select from jsonb_each_text(edges) as e where e.value <> state) then
            terminal_states := terminal_states || state;
        end if;
    end loop;
end
$$;

comment on function virtualq.compile_machine(jsonb) is
    'checks a machine against the strict profile and spells it out as {state: {transition: target}}; 23514 machine_is_valid';
