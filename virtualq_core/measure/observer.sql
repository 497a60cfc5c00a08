-- name: find_rights
-- The login's rights: sees through row security; may become the application; may become the maintainer.
-- What may be entered is called SET since version 16, and MEMBER before.
with way as (
    select case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end as right_name
)
select r.rolsuper or r.rolbypassrls,
       coalesce(pg_has_role(to_regrole(%(application)s), way.right_name), false),
       coalesce(pg_has_role(to_regrole(%(maintainer)s), way.right_name), false)
  from pg_roles as r, way
 where r.rolname = current_user

-- name: analyze_tables
analyze virtualq.Ticket, virtualq.TicketItem, virtualq.TicketStateHistory
