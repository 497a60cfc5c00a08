-- No guarantee at all: the client says the new state, and nobody asks whether it may. The version is counted so that
-- the moves can be counted afterwards.
\set ticket_id random(:first_id, :last_id)
update guarantee.BareTicket as t
   set current_state = case t.current_state
           when 'waiting' then 'called'
           when 'called' then 'served'
           when 'served' then 'reviewed'
           else 'waiting'
       end,
       version = t.version + 1
 where t.tenant_id = :tenant_id
   and t.id = :ticket_id;
