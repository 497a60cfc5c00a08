-- Roles are shared by all databases of a server, so they are made once and never dropped here.
--   virtualq_app         what applications are granted: bound by row security, owns nothing
--   virtualq_maintainer  owns the functions that must see across rows the application may not write
-- The installing role may enter both with `set role`, but inherits neither: until it does, row security binds it like
-- everybody else. Before PostgreSQL 16 a membership inherits unless a role says that it does not, so there the
-- installing role is led through virtualq_entrance, whose only use is to not inherit.
do $roles$
declare
    knows_inherit_option  constant boolean := current_setting('server_version_num')::integer >= 160000;
    entered               constant text[] := array['virtualq_app', 'virtualq_maintainer'];
    wanted                text;
begin
    foreach wanted in array entered || case when not knows_inherit_option then array['virtualq_entrance'] end loop
        if to_regrole(wanted) is null then
            begin
                execute format('create role %I nologin noinherit', wanted);
            exception
                when duplicate_object or unique_violation then null;  -- another installer was faster
            end;
        end if;
    end loop;
    foreach wanted in array entered loop
        if knows_inherit_option then
            if not pg_has_role(current_user, wanted, 'set') then
                execute format('grant %I to current_user with inherit false, set true', wanted);
            end if;
        elsif not pg_has_role(current_user, wanted, 'member') then
            if not pg_has_role('virtualq_entrance', wanted, 'member') then
                execute format('grant %I to virtualq_entrance', wanted);
            end if;
            if not pg_has_role(current_user, 'virtualq_entrance', 'member') then
                execute 'grant virtualq_entrance to current_user';
            end if;
        end if;
    end loop;
end
$roles$;

grant usage on schema virtualq to virtualq_app, virtualq_maintainer;
-- Needed while functions are handed over to the maintainer; taken back in the last file.
grant create on schema virtualq to virtualq_maintainer;
