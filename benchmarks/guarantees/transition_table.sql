-- The state in a table of transitions, as Ruby's gem statesman keeps it: the most recent one is the state. What is legal
-- the client knows. Six round trips, under the ticket's row lock.
\set ticket_id random(:first_id, :last_id)
begin;
select t.id
  from guarantee.TableTicket as t
 where t.tenant_id = :tenant_id
   and t.id = :ticket_id
   for update;
select h.id as recent_id, h.to_state as present, h.sort_key
  from guarantee.TableTransition as h
 where h.ticket_id = :ticket_id
   and h.most_recent
\gset
update guarantee.TableTransition
   set most_recent = false,
       updated_at = now()
 where id = :recent_id;
insert into guarantee.TableTransition (ticket_id, to_state, metadata, sort_key, most_recent)
values (
    :ticket_id,
    case :present
        when 'waiting' then 'called'
        when 'called' then 'served'
        when 'served' then 'reviewed'
        else 'waiting'
    end,
    '{"actor": "pgbench"}',
    :sort_key + 10,
    true
);
commit;
