-- A call of the expiry takes all that is due, however many were asked for.
-- breaks: LIF-009
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$         limit batch
$$,
    $$$$
);
