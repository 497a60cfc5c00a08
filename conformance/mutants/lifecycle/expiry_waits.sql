-- The expiry waits for whoever is at work on a ticket.
-- breaks: LIF-009
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$for no key update of t skip locked$$,
    $$for no key update of t$$
);
