-- The application may read who else is a customer of the house.
-- breaks: TEN-011
grant select on virtualq.Account to virtualq_app;
create policy lookup on virtualq.Account for select to public using (true);
