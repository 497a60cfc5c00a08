-- Of a machine only what the database understands is kept.
-- breaks: FSM-009
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$new.fsm_compiled := machine.compiled;$$,
    $$new.fsm_compiled := machine.compiled;
    new.fsm_schema := (
        select jsonb_object_agg(k.key, k.value)
          from jsonb_each(new.fsm_schema) as k
         where k.key in ('init', 'states', 'transitions')
    );$$
);
