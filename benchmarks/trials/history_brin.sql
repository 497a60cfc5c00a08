-- A BRIN over the history's time: rows come in the order of time, so a day is a small range of blocks.
-- known answer: accept
create index ticketstatehistory_occurred_brin on virtualq.TicketStateHistory using brin (occurred_at)
    with (pages_per_range = 32);
