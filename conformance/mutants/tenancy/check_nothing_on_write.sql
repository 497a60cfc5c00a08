-- One policy lets rows be written for any tenant: with check (true).
-- breaks: TEN-003
alter policy own_tenant on virtualq.Customer with check (true);
