-- A transaction with a frozen snapshot moves tickets by a machine that has been replaced since.
-- breaks: CON-008
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$    if current_setting('transaction_isolation') <> 'read committed' then
        perform from virtualq.TypeDefinition as t
          where t.scope = old.type_scope and t.id = old.type_definition_id for share;
    end if;
$$,
    $$$$
);
