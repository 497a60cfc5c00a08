-- The refusal of a transition cannot be told from that of any CHECK.
-- breaks: TRN-001, TRN-006
select pg_temp.replace_in(
    'virtualq.refuse_transition',
    $$        constraint = 'ticket_transition_is_legal',
$$,
    $$$$
);
