-- The policies for reading and for writing are apart, and the one for UPDATE lets everything pass: a statement that
-- reads no column changes the queues of every tenant.
-- breaks: TEN-003
drop policy own_tenant on virtualq.Queue;
create policy own_select on virtualq.Queue for select to public
    using (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_insert on virtualq.Queue for insert to public
    with check (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_delete on virtualq.Queue for delete to public
    using (tenant_id = nullif(current_setting('virtualq.tenant_id', true), '')::integer);
create policy own_update on virtualq.Queue for update to public using (true);
