-- An employee's deletion unsets both columns of the reference, and the tenant may not be null.
-- breaks: INT-003
alter table virtualq.Ticket
    drop constraint ticket_employee_fkey,
    add constraint ticket_employee_fkey foreign key (tenant_id, employee_id)
        references virtualq.Employee (tenant_id, id) on delete set null;
