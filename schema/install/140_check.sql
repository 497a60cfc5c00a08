-- What must hold over the whole database, as a question that a DBA can ask: no rows, no violation. It reads
-- everything, so it runs as the maintainer; it is granted to nobody.
--
-- The settings let its few large hash tables stay in memory, but not in memory shared between workers, of which a
-- container has little; and compiling so long a query takes longer than it saves.
create function virtualq.find_violations()
returns table (rule text, tenant_id integer, ticket_id bigint, detail text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
set work_mem = '128MB'
set enable_parallel_hash = off
set jit = off
begin atomic
    -- The tickets whose history does not add up. Each step is hashed with its number once for the state that it reaches
    -- and once, if it is not the first, for the state that it leaves; along an unbroken path all but the last one
    -- cancel out. That needs no sorting, and the exact questions below are asked of these tickets alone, and not at all
    -- (the lone `exists`) where there are none.
    with suspect as materialized (
        select t.tenant_id, t.id as ticket_id, t.type_scope, t.type_definition_id, t.version, t.current_state
          from virtualq.Ticket as t
          left join (
            select c.tenant_id, c.ticket_id, sum(c.steps) as steps, bit_xor(c.chain) as chain
              from (
                select h.tenant_id, h.ticket_id, 1 as steps,
                       hashtextextended(h.to_state, h.seq)
                           # case when h.seq > 1 then hashtextextended(h.from_state, h.seq - 1) else 0 end as chain
                  from virtualq.TicketStateHistory as h
                union all
                select d.tenant_id, d.ticket_id, d.seq, hashtextextended(d.to_state, d.seq)
                  from virtualq.list_detached_steps() as d
              ) as c
             group by c.tenant_id, c.ticket_id
          ) as l on l.tenant_id = t.tenant_id and l.ticket_id = t.id
         where (l.steps, l.chain) is distinct from (t.version, hashtextextended(t.current_state, t.version))
    ),
    step as (
        select h.tenant_id, h.ticket_id, h.seq, h.from_state, h.to_state, h.is_detached,
               lag(h.seq) over ticket as previous_seq,
               lag(h.to_state) over ticket as previous_state,
               lead(h.seq) over ticket is null as is_last
          from (
            select k.tenant_id, k.ticket_id, k.seq, k.from_state, k.to_state, false as is_detached
              from virtualq.TicketStateHistory as k
            union all
            select d.tenant_id, d.ticket_id, d.seq, null, d.to_state, true
              from virtualq.list_detached_steps() as d
          ) as h
          join suspect as s on s.tenant_id = h.tenant_id and s.ticket_id = h.ticket_id
         where exists (select from suspect)
        window ticket as (partition by h.tenant_id, h.ticket_id order by h.seq)
    ),
    -- Millions of steps take a few hundred edges.
    edge as (
        select t.type_scope, t.type_definition_id, h.revision, h.seq = 1 as is_first,
               h.from_state, h.to_state, h.transition_name
          from virtualq.TicketStateHistory as h
          join virtualq.Ticket as t on t.tenant_id = h.tenant_id and t.id = h.ticket_id
         group by t.type_scope, t.type_definition_id, h.revision, h.seq = 1,
               h.from_state, h.to_state, h.transition_name
    ),
    judged as materialized (
        select e.*, r.initial_state,
               e.is_first and e.to_state is distinct from r.initial_state as starts_elsewhere,
               not coalesce(
                   case
                       when e.transition_name is not null
                           then r.fsm_compiled -> e.from_state::text ->> e.transition_name = e.to_state
                       else r.state_mapping ->> e.from_state::text = e.to_state
                            or exists (
                                select from jsonb_each_text(r.fsm_compiled -> e.from_state::text) as j
                                 where j.value = e.to_state
                            )
                   end, false) as is_illegal
          from edge as e
          left join virtualq.TypeDefinitionRevision as r
            on r.scope = e.type_scope and r.type_definition_id = e.type_definition_id and r.revision = e.revision
    ),
    wrong as (
        select h.tenant_id, h.ticket_id, h.seq, j.*
          from judged as j
          join virtualq.Ticket as t on t.type_scope = j.type_scope and t.type_definition_id = j.type_definition_id
          join virtualq.TicketStateHistory as h
            on h.tenant_id = t.tenant_id and h.ticket_id = t.id and h.revision = j.revision
           and (h.seq = 1) = j.is_first and h.from_state = j.from_state and h.to_state = j.to_state
           and h.transition_name is not distinct from j.transition_name
         where (j.starts_elsewhere or j.is_illegal)
           and exists (select from judged as k where k.starts_elsewhere or k.is_illegal)
    )
    select 'history-starts-at-initial-state', w.tenant_id, w.ticket_id,
           format('seq %s enters ''%s''; revision %s starts in ''%s''', w.seq, w.to_state, w.revision, w.initial_state)
      from wrong as w
     where w.starts_elsewhere
    union all
    select 'history-is-gapless', s.tenant_id, s.ticket_id,
           format('seq %s follows %s', s.seq, coalesce(s.previous_seq, 0))
      from step as s
     where s.seq <> coalesce(s.previous_seq, 0) + 1
       and not s.is_detached
    union all
    select 'history-is-a-path', s.tenant_id, s.ticket_id,
           format('seq %s leaves ''%s''; seq %s had reached ''%s''', s.seq, s.from_state, s.previous_seq, s.previous_state)
      from step as s
     where s.previous_state <> s.from_state
    union all
    select 'transition-is-legal', w.tenant_id, w.ticket_id,
           format('seq %s takes ''%s'' from ''%s'' to ''%s'', no edge of revision %s',
               w.seq, w.transition_name, w.from_state, w.to_state, w.revision)
      from wrong as w
     where w.is_illegal
    union all
    select 'ticket-agrees-with-history', t.tenant_id, t.ticket_id,
           format('state ''%s'' at version %s; the history ends in ''%s'' at %s',
               t.current_state, t.version, s.to_state, s.seq)
      from suspect as t
      left join step as s on s.tenant_id = t.tenant_id and s.ticket_id = t.ticket_id and s.is_last
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
    select 'extid-occurs-once', null::integer, null::bigint, format('%s occurs %s times', o.extid, count(*) + 1)
      from (
        select u.extid, lag(u.extid) over (order by u.extid) as previous
          from (
            select a.extid from virtualq.Account as a
            union all select t.extid from virtualq.Tenant as t
            union all select q.extid from virtualq.Queue as q
            union all select c.extid from virtualq.Customer as c
            union all select e.extid from virtualq.Employee as e
            union all select y.extid from virtualq.TypeDefinition as y
            union all select t.extid from virtualq.Ticket as t
            union all select i.extid from virtualq.TicketItem as i
          ) as u
      ) as o
     where o.extid = o.previous
     group by o.extid
    union all
    select l.rule, l.tenant_id, l.ticket_id, l.detail
      from virtualq.list_layout_violations() as l;
end;
