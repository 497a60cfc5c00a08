-- The wildcard does not lead from states that are only ever a target.
-- breaks: FSM-004, FSM-010
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$            if target <> '*' then
                mentions := mentions || jsonb_build_array(jsonb_build_array(target, path || '.to'));
            end if;
$$,
    $$$$
);
