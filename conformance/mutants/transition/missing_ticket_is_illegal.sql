-- A transition of a ticket that does not exist is answered like an illegal one.
-- breaks: TRN-015
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$errcode = 'no_data_found', constraint = 'ticket_exists',$$,
    $$errcode = 'check_violation', constraint = 'ticket_transition_is_legal',$$
);
