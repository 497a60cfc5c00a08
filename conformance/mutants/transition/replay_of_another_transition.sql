-- The same operation id for another transition is answered as a repeat.
-- breaks: TRN-011
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$(present.ticket_id <> ticket_id or present.transition_name is distinct from transition)$$,
    $$present.ticket_id <> ticket_id$$
);
