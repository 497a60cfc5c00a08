-- The expected version is compared in a sub-select. Whoever has waited for the row's lock is not judged by it again: of
-- two that have seen the same version, both go on.
-- breaks: TRN-009
select pg_temp.replace_in(
    'virtualq.transition_ticket',
    $$(expected_version is null or t.version = expected_version)$$,
    $$(
           expected_version is null
           or exists (
               select
                 from virtualq.Ticket as p
                where p.tenant_id = transition_ticket.tenant_id
                  and p.id = transition_ticket.ticket_id
                  and p.version = expected_version
           )
       )$$
);
