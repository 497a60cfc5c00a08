-- A claim takes tickets that are closed.
-- breaks: LIF-006
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$           and t.closed_at is null
$$,
    $$$$
);
