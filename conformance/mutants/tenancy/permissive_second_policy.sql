-- A second policy, meant to narrow, widens: permissive policies are joined by OR.
-- breaks: TEN-001, TEN-002
create policy staff_reads on virtualq.Customer for select to public using (true);
