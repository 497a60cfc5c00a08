-- What must hold over the whole database, as a question that a DBA can ask: no rows, no violation. It reads
-- everything, so it runs as the maintainer; it is granted to nobody.
create function virtualq.find_violations()
returns table (rule text, tenant_id integer, ticket_id bigint, detail text)
language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    with step as (
        select h.tenant_id, h.ticket_id, h.seq, h.revision, h.from_state, h.to_state, h.transition_name,
               lag(h.seq) over ticket as previous_seq,
               lag(h.to_state) over ticket as previous_state,
               lead(h.seq) over ticket is null as is_last
          from virtualq.TicketStateHistory as h
        window ticket as (partition by h.tenant_id, h.ticket_id order by h.seq)
    )
    select 'history-starts-at-initial-state', s.tenant_id, s.ticket_id,
           format('seq %s enters ''%s''; revision %s starts in ''%s''', s.seq, s.to_state, s.revision, r.initial_state)
      from step as s
      join virtualq.Ticket as t on t.tenant_id = s.tenant_id and t.id = s.ticket_id
      join virtualq.TypeDefinitionRevision as r
        on r.scope = t.type_scope and r.type_definition_id = t.type_definition_id and r.revision = s.revision
     where s.previous_seq is null
       and s.to_state <> r.initial_state
    union all
    select 'history-is-gapless', s.tenant_id, s.ticket_id,
           format('seq %s follows %s', s.seq, coalesce(s.previous_seq, 0))
      from step as s
     where s.seq <> coalesce(s.previous_seq, 0) + 1
    union all
    select 'history-is-a-path', s.tenant_id, s.ticket_id,
           format('seq %s leaves ''%s''; seq %s had reached ''%s''', s.seq, s.from_state, s.previous_seq, s.previous_state)
      from step as s
     where s.previous_state <> s.from_state
    union all
    select 'transition-is-legal', s.tenant_id, s.ticket_id,
           format('seq %s takes ''%s'' from ''%s'' to ''%s'', no edge of revision %s',
               s.seq, s.transition_name, s.from_state, s.to_state, s.revision)
      from step as s
      join virtualq.Ticket as t on t.tenant_id = s.tenant_id and t.id = s.ticket_id
      left join virtualq.TypeDefinitionRevision as r
        on r.scope = t.type_scope and r.type_definition_id = t.type_definition_id and r.revision = s.revision
     where not coalesce(
           case
               when s.transition_name is not null
                   then r.fsm_compiled -> s.from_state::text ->> s.transition_name = s.to_state
               else r.state_mapping ->> s.from_state::text = s.to_state
                    or exists (
                        select from jsonb_each_text(r.fsm_compiled -> s.from_state::text) as e
                         where e.value = s.to_state
                    )
           end, false)
    union all
    select 'ticket-agrees-with-history', t.tenant_id, t.id,
           format('state ''%s'' at version %s; the history ends in ''%s'' at %s',
               t.current_state, t.version, s.to_state, s.seq)
      from virtualq.Ticket as t
      left join step as s on s.tenant_id = t.tenant_id and s.ticket_id = t.id and s.is_last
     where (s.to_state, s.seq) is distinct from (t.current_state, t.version)
    union all
    select 'ticket-state-is-in-machine', t.tenant_id, t.id, format('''%s'' is no state of type %s', t.current_state, y.id)
      from virtualq.Ticket as t
      join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
     where not y.fsm_compiled ? t.current_state::text
    union all
    select 'ticket-closes-in-terminal-state', t.tenant_id, t.id,
           format('in ''%s'', closed at %s', t.current_state, coalesce(t.closed_at::text, 'no time'))
      from virtualq.Ticket as t
      join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
     where (t.closed_at is not null) <> (t.current_state = any (y.terminal_states))
    union all
    select 'extid-occurs-once', null::integer, null::bigint, format('%s occurs %s times', u.extid, count(*))
      from (
        select a.extid from virtualq.Account as a
        union all select t.extid from virtualq.Tenant as t
        union all select q.extid from virtualq.Queue as q
        union all select c.extid from virtualq.Customer as c
        union all select e.extid from virtualq.Employee as e
        union all select y.extid from virtualq.TypeDefinition as y
        union all select t.extid from virtualq.Ticket as t
        union all select i.extid from virtualq.TicketItem as i
        union all select h.operation_id from virtualq.TicketStateHistory as h
      ) as u
     group by u.extid
    having count(*) > 1;
end;
