-- A claim is refused where a rival has locked the oldest ticket, instead of taking the next one.
-- breaks: CON-002
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$for no key update skip locked$$,
    $$for no key update nowait$$
);
