-- Roles are shared by all databases of a server, so they are made once and never dropped here.
--   virtualq_app         what applications are granted: bound by row security, owns nothing
--   virtualq_maintainer  owns the functions that must see across rows the application may not write
-- The installing role becomes a member of both. Being a member is not enough to see across tenants: the maintainer's
-- policies demand that it *is* the current role, so that an owner who inherits it stays bound by row security.
do $roles$
declare
    wanted  text;
begin
    foreach wanted in array array['virtualq_app', 'virtualq_maintainer'] loop
        if to_regrole(wanted) is null then
            begin
                execute format('create role %I nologin', wanted);
            exception
                when duplicate_object or unique_violation then null;  -- another installer was faster
            end;
        end if;
        if current_setting('server_version_num')::integer >= 160000 then
            if not pg_has_role(current_user, wanted, 'set') then
                execute format('grant %I to current_user with inherit false, set true', wanted);
            end if;
        elsif not pg_has_role(current_user, wanted, 'member') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end
$roles$;

grant usage on schema virtualq to virtualq_app, virtualq_maintainer;
-- Needed while functions are handed over to the maintainer; taken back in the last file.
grant create on schema virtualq to virtualq_maintainer;
