-- A lease that ran out is never free again.
-- breaks: LIF-007
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$(t.leased_until is null or t.leased_until <= coalesce(at, now()))$$,
    $$t.leased_until is null$$
);
