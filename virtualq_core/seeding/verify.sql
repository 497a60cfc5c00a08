-- name: find_violations
-- Some of each rule, so that a rule that is broken everywhere does not hide another.
select v.rule, v.tenant_id, v.ticket_id, v.detail
  from (
    select f.rule, f.tenant_id, f.ticket_id, f.detail,
           row_number() over (partition by f.rule order by f.tenant_id, f.ticket_id) as place
      from virtualq.find_violations() as f
  ) as v
 where v.place <= %(most)s
 order by v.rule, v.place;

-- name: enter_maintainer
-- Sees every tenant's rows, for the rest of the transaction.
set local role virtualq_maintainer;

-- name: leave_maintainer
reset role;

-- name: list_field_schemas
select t.id, t.type_code, t.custom_fields_schema, count(k.id) as tickets
  from virtualq.TypeDefinition as t
  left join virtualq.Ticket as k on k.type_definition_id = t.id
 group by t.id, t.type_code, t.custom_fields_schema
 order by t.id;

-- name: sample_custom_data
-- One ticket in `stride`, chosen by a hash of its id, so that the same tickets are asked again.
select t.tenant_id, t.id, t.type_definition_id, t.custom_data
  from virtualq.Ticket as t
  join unnest(%(types)s::integer[], %(strides)s::bigint[]) as s (type_definition_id, stride)
    on s.type_definition_id = t.type_definition_id
 where t.custom_data is not null
   and (hashint8extended(t.id, 0) & 9223372036854775807) %% s.stride = 0;
