-- Every guarantee: the application's own call, as the application's role.
\set ticket_id random(:first_id, :last_id)
select t.seq, t.from_state, t.to_state, t.revision, t.replayed
  from virtualq.transition_ticket(
           tenant_id => :tenant_id,
           ticket_id => :ticket_id,
           transition => 'advance',
           actor => 'pgbench'
       ) as t;
