-- A publication does not wait for the transitions that are under way by the machine which it replaces.
-- breaks: CON-007
select pg_temp.replace_in(
    'virtualq.compile_type',
    $$        lock table virtualq.Ticket in exclusive mode;
$$,
    $$        null;
$$
);
