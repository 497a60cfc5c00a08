-- The very call that a client of the load makes, by pgbench: its own clock is what the generator's is held against.
\set ticket_id random(:first_id, :last_id)
select t.seq, t.from_state, t.to_state, t.revision, t.replayed
  from virtualq.transition_ticket(
           tenant_id => :tenant_id,
           ticket_id => :ticket_id,
           transition => 'advance',
           expected_state => null,
           expected_version => null,
           actor => null,
           metadata => null,
           operation_id => virtualq.new_extid()
       ) as t;
