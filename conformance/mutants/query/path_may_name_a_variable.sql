-- A search path may compare with a variable, of which there is none: whether that is an error depends on the tickets.
-- breaks: QRY-008
select pg_temp.replace_in('virtualq.is_searchable_path', $$[$@](?!"")$$, $$[$@]$$);
