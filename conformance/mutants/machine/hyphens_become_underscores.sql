-- Names are made identifiers of the programming language: 'foo-bar' becomes 'foo_bar'.
-- breaks: FSM-007
select pg_temp.replace_in(
    'virtualq.require_name',
    $$return name #>> '{}';$$,
    $$return replace(name #>> '{}', '-', '_');$$
);
