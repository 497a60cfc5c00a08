-- The state machine in JSON, checked and compiled.
--
-- The strict profile: every construct that the npm package javascript-state-machine takes but that surprises its
-- author is refused, with the path of the construct and the rule, in the words of virtualq_core/machine/rules.toml. The
-- compiled form is a map {state: {transition: target}} in which wildcards are spelled out, so that enforcing needs two
-- look-ups and no loop.

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

-- What JavaScript takes for no value, and npm for a wildcard or a no-op.
create function virtualq.is_falsy(value jsonb) returns boolean
language sql immutable
return value is null or value in ('null', 'false', '0', '""');

create function virtualq.require_name(path text, name jsonb, rule text) returns text
language plpgsql immutable
as $$
begin
    if name is null or jsonb_typeof(name) <> 'string' or name = '""' then
        perform virtualq.refuse_machine(path, rule);
    elsif name #>> '{}' !~ '[^_-]' then
        perform virtualq.refuse_machine(path, 'a name has more to it than ''-'' and ''_''');
    end if;
    return name #>> '{}';
end
$$;

create function virtualq.require_transition_name(path text, name jsonb) returns text
language plpgsql immutable
as $$
begin
    return virtualq.require_name(path, name, 'a transition is named by a non-empty string');
end
$$;

-- A state's name: a string of 1 to 32 characters that is not the wildcard.
create function virtualq.require_state_name(path text, name jsonb) returns text
language plpgsql immutable
as $$
declare
    state  text;
begin
    if name = '"*"' then
        perform virtualq.refuse_machine(path, '''*'' is the wildcard and cannot name a state');
    end if;
    state := virtualq.require_name(path, name, 'a state is named by a non-empty string');
    if length(state) > 32 then
        perform virtualq.refuse_machine(path, format('the state ''%s'' is longer than 32 characters', state));
    end if;
    return state;
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
    entry       jsonb := document -> 'init';
    path        text := 'init';
    source      jsonb;
    sources     jsonb;
    place       text;
    transition  text;
    origin      text;
    target      text;
    state       text;
    edges       jsonb;
    specific    jsonb;          -- {state: {transition: target}}, as written
    wildcard    jsonb := '{}';  -- {transition: target or '*'}
    mentions    jsonb;          -- [[state, path], …], in the order of the document
    declared    text[] := '{}';
begin
    if document is null or jsonb_typeof(document) <> 'object' then
        perform virtualq.refuse_machine('', 'a machine is a JSON object');
    end if;

    initial_name := 'init';
    initial_from := 'none';
    if jsonb_typeof(entry) = 'object' then
        if entry ? 'name' then
            initial_name := virtualq.require_transition_name('init.name', entry -> 'name');
        end if;
        if entry ? 'from' then
            initial_from := virtualq.require_state_name('init.from', entry -> 'from');
        end if;
        entry := entry -> 'to';
        path := 'init.to';
    elsif jsonb_typeof(entry) <> 'string' then
        entry := null;
    end if;
    if virtualq.is_falsy(entry) then
        perform virtualq.refuse_machine(path, 'names no state to start in');
    end if;
    initial_state := virtualq.require_state_name(path, entry);
    specific := jsonb_build_object(initial_from, jsonb_build_object(initial_name, initial_state));
    mentions := jsonb_build_array(jsonb_build_array(initial_state, path));

    if document ? 'transitions' and jsonb_typeof(document -> 'transitions') <> 'array' then
        perform virtualq.refuse_machine('transitions', 'the transitions are an array');
    end if;
    for path, entry in
        select format('transitions[%s]', t.number - 1), t.value
          from jsonb_array_elements(document -> 'transitions') with ordinality as t (value, number)
         order by t.number
    loop
        if jsonb_typeof(entry) <> 'object' then
            perform virtualq.refuse_machine(path, 'a transition is an object');
        end if;
        transition := virtualq.require_transition_name(path || '.name', entry -> 'name');
        sources := entry -> 'from';
        if virtualq.is_falsy(sources) then
            perform virtualq.refuse_machine(path || '.from', 'only ''*'' stands for every state');
        elsif sources = '[]' then
            perform virtualq.refuse_machine(path || '.from', 'an empty list drops the transition');
        end if;
        target := '*';
        if virtualq.is_falsy(entry -> 'to') then
            perform virtualq.refuse_machine(path || '.to', 'only ''*'' or the state itself stands for staying');
        elsif entry -> 'to' <> '"*"' then
            target := virtualq.require_state_name(path || '.to', entry -> 'to');
        end if;

        for place, source in
            select path || '.from' || case when jsonb_typeof(sources) = 'array' then format('[%s]', f.number - 1) else '' end,
                   f.value
              from jsonb_array_elements(
                       case when jsonb_typeof(sources) = 'array' then sources else jsonb_build_array(sources) end
                   ) with ordinality as f (value, number)
             order by f.number
        loop
            if source = '"*"' then
                origin := '*';
                edges := wildcard;
            else
                origin := virtualq.require_state_name(place, source);
                edges := coalesce(specific -> origin, '{}');
                mentions := mentions || jsonb_build_array(jsonb_build_array(origin, place));
            end if;
            if edges ? transition then
                perform virtualq.refuse_machine(path, format('a second edge ''%s'' from ''%s''', transition, origin));
            end if;
            if target <> '*' then
                mentions := mentions || jsonb_build_array(jsonb_build_array(target, path || '.to'));
            end if;
            if origin = '*' then
                wildcard := edges || jsonb_build_object(transition, target);
            else
                edges := edges || jsonb_build_object(transition, case target when '*' then origin else target end);
                specific := specific || jsonb_build_object(origin, edges);
            end if;
        end loop;
    end loop;

    if document ? 'states' then
        if jsonb_typeof(document -> 'states') <> 'array' then
            perform virtualq.refuse_machine('states', 'the states are an array of names');
        end if;
        for path, entry in
            select format('states[%s]', s.number - 1), s.value
              from jsonb_array_elements(document -> 'states') with ordinality as s (value, number)
             order by s.number
        loop
            state := virtualq.require_state_name(path, entry);
            if state = any (declared) then
                perform virtualq.refuse_machine(path, format('the state ''%s'' is declared twice', state));
            end if;
            declared := declared || state;
        end loop;
        for state, path in
            select m.value ->> 0, m.value ->> 1
              from jsonb_array_elements(mentions) with ordinality as m (value, number)
             order by m.number
        loop
            if state <> initial_from and state <> all (declared) then
                perform virtualq.refuse_machine(path, format('names the undeclared state ''%s''', state));
            end if;
        end loop;
    end if;

    compiled := '{}';
    terminal_states := '{}';
    for state in
        select initial_from
        union
        select unnest(declared)
        union
        select m ->> 0 from jsonb_array_elements(mentions) as m
    loop
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
