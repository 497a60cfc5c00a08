-- Custom data are kept as text: with equal keys, with U+0000, and with numbers of any size.
-- breaks: FLD-009
drop index if exists virtualq.idx_ticket_custom_data;
alter table virtualq.Ticket
    drop constraint ticket_custom_data_is_object,
    alter column custom_data type json,
    add constraint ticket_custom_data_is_object check (json_typeof(custom_data) = 'object');
select pg_temp.replace_in(
    'virtualq.search_tickets',
    $$t.custom_data, t.created_at
$$,
    $$t.custom_data::jsonb, t.created_at
$$
);
select pg_temp.replace_in('virtualq.search_tickets', $$t.custom_data @> wanted$$, $$t.custom_data::jsonb @> wanted$$);
