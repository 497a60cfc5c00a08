-- Validated against the compiled map and recorded, in one statement written by hand. It holds where everybody writes
-- by this very statement: there are no triggers, no row security, no foreign keys and no checks behind it.
\set ticket_id random(:first_id, :last_id)
with seen as (
    select t.tenant_id, t.id, t.version, t.current_state, y.revision, y.terminal_states,
           y.fsm_compiled -> t.current_state::text ->> 'advance' as target
      from guarantee.StatementTicket as t
      join guarantee.StatementType as y on y.scope = t.type_scope and y.id = t.type_definition_id
     where t.tenant_id = :tenant_id
       and t.id = :ticket_id
       for no key update of t
),
moved as (
    update guarantee.StatementTicket as t
       set current_state = s.target,
           version = s.version + 1,
           closed_at = case when s.target = any (s.terminal_states) then clock_timestamp() end
      from seen as s
     where t.tenant_id = s.tenant_id
       and t.id = s.id
       and s.target is not null
    returning t.tenant_id, t.id, t.version, t.current_state, s.current_state as from_state, s.revision
)
insert into guarantee.StatementHistory (
    tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor
)
select m.tenant_id, m.id, m.version, m.revision, m.from_state, m.current_state, 'advance', 'pgbench'
  from moved as m
returning seq, from_state, to_state, revision;
