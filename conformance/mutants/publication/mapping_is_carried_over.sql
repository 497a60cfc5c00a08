-- The mapping of one publication is applied to the next one as well.
-- breaks: REV-006
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$        if new.state_mapping is not distinct from old.state_mapping then
            new.state_mapping := null;
        end if;
$$,
    $$$$
);
