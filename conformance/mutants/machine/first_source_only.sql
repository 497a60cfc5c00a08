-- Of a list of sources, only the first makes an edge.
-- breaks: FSM-005
select pg_temp.replace_in(
    'virtualq.compile_machine',
    $$case when jsonb_typeof(sources) = 'array' then sources else jsonb_build_array(sources) end$$,
    $$jsonb_build_array(case when jsonb_typeof(sources) = 'array' then sources -> 0 else sources end)$$
);
