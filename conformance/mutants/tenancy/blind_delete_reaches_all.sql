-- The policies for reading and for writing are apart, and the one for DELETE lets everything pass: a statement that
-- reads no column deletes the items of every tenant.
-- breaks: TEN-003
drop policy own_tenant on virtualq.TicketItem;
create policy own_select on virtualq.TicketItem for select to public
    using (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_insert on virtualq.TicketItem for insert to public
    with check (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_update on virtualq.TicketItem for update to public
    using (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_delete on virtualq.TicketItem for delete to public using (true);
