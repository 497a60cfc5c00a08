-- A claim waits for whoever is at work on the oldest ticket instead of passing over it: one slow rival holds up all.
-- breaks: LIF-010
select pg_temp.replace_in('virtualq.claim_next_ticket', $$for no key update skip locked$$, $$for no key update$$);
