-- Room for new row versions in every block of the tickets. A claim logs an eighth less, since the new version of its row
-- stays in the row's block. But as long as the state is in a key no update is heap-only for it, and the queue's tickets
-- lie in nearly twice as many blocks.
-- known answer: reject
alter table virtualq.Ticket set (fillfactor = 70);
cluster virtualq.Ticket using ticket_pkey;
