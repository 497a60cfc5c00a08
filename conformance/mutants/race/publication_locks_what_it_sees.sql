-- A publication locks the tickets that it finds in a state that goes, but not those that are on their way there.
-- breaks: CON-007
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$lock table virtualq.Ticket in exclusive mode;$$,
    $$perform
          from virtualq.Ticket as t
         where t.type_definition_id = new.id
           and not new.fsm_compiled ? t.current_state::text
         order by t.id
           for update;$$
);
