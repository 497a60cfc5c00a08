-- A ticket that a bulk call names twice is reported twice.
-- breaks: TRN-012
select pg_temp.replace_in(
    'virtualq.transition_tickets',
    $$            select distinct on (w.id) w.id, w.operation_id, w.place
$$,
    $$            select w.id, w.operation_id, w.place
$$
);
