-- The search runs with its owner's rights and does not ask whose tickets it finds.
-- breaks: TEN-002
select pg_temp.replace_in(
    'virtualq.search_tickets',
    $$     where t.tenant_id = search_tickets.tenant_id
       and t.custom_data$$,
    $$     where t.custom_data$$
);
