-- Every function that a node may have to call goes to the nodes, except those whose bodies are bound to the tables: they
-- are asked on the coordinator. An operation of the application, whose first argument is the tenant, runs whole on the
-- tenant's node. It is not forced there: within a transaction block it runs on the coordinator, a statement at a time.
do $delegate$
declare
    found  record;
begin
    for found in
        select p.oid::regprocedure as signature,
               coalesce(p.proargnames[1] = 'tenant_id', false)
                   and p.proname not in ('enter_tenant', 'define_type')
                   and has_function_privilege('virtualq_app', p.oid, 'execute') as is_operation
          from pg_proc as p
         where p.pronamespace = 'virtualq'::regnamespace
           and p.proname not in ('publish_type', 'define_type', 'settle_type', 'off_board_tenant', 'find_violations')
         order by p.proname
    loop
        if found.is_operation then
            perform create_distributed_function(found.signature, 'tenant_id', colocate_with => 'virtualq.queue');
        else
            perform create_distributed_function(found.signature);
        end if;
    end loop;
end
$delegate$;
