-- The claim runs with its owner's rights and takes a ticket from any tenant's queue.
-- breaks: TEN-008
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$         where t.tenant_id = claim_next_ticket.tenant_id
           and t.queue_id$$,
    $$         where t.queue_id$$
);
select pg_temp.replace_in(
    'virtualq.claim_next_ticket',
    $$     where t.tenant_id = claim_next_ticket.tenant_id
       and t.id = next.id$$,
    $$     where t.id = next.id$$
);
alter function virtualq.claim_next_ticket owner to virtualq_maintainer;
alter function virtualq.claim_next_ticket security definer set search_path = pg_catalog, pg_temp;
