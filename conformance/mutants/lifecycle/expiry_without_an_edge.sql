-- One ticket that cannot expire where it is stops the expiry of all others.
-- breaks: LIF-004
select pg_temp.replace_in(
    'virtualq.expire_tickets',
    $$           and y.fsm_compiled -> t.current_state::text ? 'expire'
$$,
    $$$$
);
