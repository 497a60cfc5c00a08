-- The coordinator connects to the nodes as the present role: the application's, and within a definer's function the
-- maintainer's. A role that may not log in cannot be it (citusdata/citus, issue 7719). Neither has a password, so
-- only those come in by these names whom pg_hba.conf trusts, as it must trust the coordinator.
do $login$
declare
    entered  text;
begin
    foreach entered in array array['virtualq_app', 'virtualq_maintainer'] loop
        if not (select r.rolcanlogin from pg_roles as r where r.rolname = entered) then
            execute format('alter role %I login', entered);
        end if;
    end loop;
end
$login$;
