-- A plain UPDATE may write any state that the machine has, whether an edge leads there or not.
-- breaks: TRN-001
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$if candidates is null then$$,
    $$if candidates is null and not exists (
            select
              from virtualq.TypeDefinition as t
             where t.id = old.type_definition_id
               and t.fsm_compiled ? target
        ) then$$
);
