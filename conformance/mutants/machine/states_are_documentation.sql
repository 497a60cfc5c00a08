-- Edges may lead from and to states that the list of states lacks.
-- breaks: FSM-001, FSM-010
select pg_temp.replace_in('virtualq.compile_machine', $$state <> all (declared)$$, $$declared = '{}'$$);
