-- The newest ticket is claimed first.
-- breaks: LIF-006
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$order by t.created_at, t.id$$,
    $$order by t.created_at desc, t.id desc$$
);
