-- A creation that is sent again creates a second ticket.
-- breaks: TRN-010
select pg_temp.replace_in(
    'virtualq.create_ticket',
    $$        actor, metadata, create_ticket.operation_id
$$,
    $$        actor, metadata, null
$$
);
