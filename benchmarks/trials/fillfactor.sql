-- Room for new row versions in every block of the tickets. As long as the state is in a key no update is heap-only for
-- it, so the room is only space.
-- known answer: reject
alter table virtualq.Ticket set (fillfactor = 70);
cluster virtualq.Ticket using ticket_pkey;
