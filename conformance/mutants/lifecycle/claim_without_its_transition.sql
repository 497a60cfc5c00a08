-- A claim leaves its transition to a second call.
-- breaks: LIF-008
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$           transition_name = transition,
           transition_actor = case when transition is not null then actor end
$$,
    $$           transition_name = null,
           transition_actor = null
$$
);
