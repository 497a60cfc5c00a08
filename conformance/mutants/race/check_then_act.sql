-- The transition is judged by the state that its function has read before the row was locked: of several that race for
-- one edge, each finds it legal.
-- breaks: CON-001
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$
    update virtualq.Ticket as t
       set transition_name = transition,$$,
    $$
    perform set_config('virtualq.state_read', coalesce((
        select t.current_state::text
          from virtualq.Ticket as t
         where t.tenant_id = transition_ticket.tenant_id
           and t.id = transition_ticket.ticket_id
    ), ''), true);
    update virtualq.Ticket as t
       set transition_name = transition,$$
);
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$    replayed := not found;
$$,
    $$    replayed := not found;
    perform set_config('virtualq.state_read', '', true);
$$
);
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$t.fsm_compiled -> old.current_state::text as edges$$,
    $$t.fsm_compiled -> coalesce(
               nullif(current_setting('virtualq.state_read', true), ''), old.current_state::text
           ) as edges$$
);
