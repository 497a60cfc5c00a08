-- Whoever names another tenant's type is told that it is another tenant's.
-- breaks: TEN-008
select pg_temp.replace_in(
    'virtualq.start_ticket',
    $$message = format('unknown-type: the tenant has no ticket type %s', new.type_definition_id),$$,
    $$message = case
                when exists (select from virtualq.TypeDefinition as t where t.id = new.type_definition_id)
                    then format('wrong-tenant: the ticket type %s is another tenant''s', new.type_definition_id)
                else format('unknown-type: there is no ticket type %s', new.type_definition_id)
            end,$$
);
