-- The search by path runs with its owner's rights and does not ask whose tickets it finds.
-- breaks: TEN-002
select pg_temp.replace_in(
    'virtualq.search_tickets_by_path',
    $$     where t.tenant_id = search_tickets_by_path.tenant_id
       and t.custom_data$$,
    $$     where t.custom_data$$
);
