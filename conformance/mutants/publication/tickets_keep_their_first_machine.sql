-- A ticket goes on by the machine that it was created under.
-- breaks: REV-007
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$           t.fsm_compiled -> old.current_state::text as edges,
$$,
    $$           (
               select r.fsm_compiled -> old.current_state::text
                 from virtualq.TicketStateHistory as h
                 join virtualq.TypeDefinitionRevision as r
                   on r.scope = t.scope and r.type_definition_id = t.id and r.revision = h.revision
                where h.tenant_id = old.tenant_id
                  and h.ticket_id = old.id
                  and h.seq = 1
           ) as edges,
$$
);
