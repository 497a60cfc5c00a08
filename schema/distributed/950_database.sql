-- What sessions of this database need from now on: `set local virtualq.tenant_id` reaches the nodes that take part in
-- the transaction, and triggers may be changed.
do $database$
begin
    execute format('alter database %I set citus.propagate_set_commands = %L', current_database(), 'local');
    execute format('alter database %I set citus.enable_unsafe_triggers = %L', current_database(), 'on');
end
$database$;
