-- A transaction with a frozen snapshot creates tickets by a machine that has been replaced since.
-- breaks: CON-008
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$    if current_setting('transaction_isolation') <> 'read committed' then
        perform from virtualq.TypeDefinition as t
          where t.id = new.type_definition_id and t.scope in (0, new.tenant_id) for share;
    end if;
$$,
    $$$$
);
