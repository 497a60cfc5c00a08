-- Of several creations with one operation id at once, the slower ones break on the unique key instead of being given
-- the first one's ticket.
-- breaks: CON-004
select pg_temp.replace_in(
    'virtualq.create_ticket',
    $$        perform pg_advisory_xact_lock(hashtextextended(operation_id::text, tenant_id));
$$,
    $$$$
);
