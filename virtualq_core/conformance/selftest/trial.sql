-- name: read_shared
-- What all databases of the server share and a role of its owner's could change within a transaction.
select (select array_agg(r::text order by r.oid) from pg_catalog.pg_roles as r) as roles,
       (select array_agg(m::text order by m.roleid, m.member, m.grantor) from pg_catalog.pg_auth_members as m) as members,
       (select array_agg(s::text order by s.setrole) from pg_catalog.pg_db_role_setting as s where s.setdatabase = 0)
           as settings,
       (select array_agg(p::text order by p.oid) from pg_catalog.pg_parameter_acl as p) as parameters
