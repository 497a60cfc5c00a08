-- A claim takes a ticket that is leased to somebody else.
-- breaks: LIF-006, LIF-007
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$           and (t.leased_until is null or t.leased_until <= coalesce(at, now()))
$$,
    $$$$
);
