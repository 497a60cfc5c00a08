-- The publication of a system-defined type looks for tickets of the tenant 0, of which there are none: those of the
-- tenants stay in states that are gone.
-- breaks: REV-012
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$       and (new.scope = 0 or t.tenant_id = new.scope)
       and new.state_mapping ?$$,
    $$       and t.tenant_id = new.scope
       and new.state_mapping ?$$
);
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$       and (new.scope = 0 or t.tenant_id = new.scope)
       and t.current_state = any (unsettled)$$,
    $$       and t.tenant_id = new.scope
       and t.current_state = any (unsettled)$$
);
select pg_temp.replace_in(
    'virtualq.record_revision',
    $$           and (new.scope = 0 or t.tenant_id = new.scope)
           and not new.fsm_compiled$$,
    $$           and t.tenant_id = new.scope
           and not new.fsm_compiled$$
);
