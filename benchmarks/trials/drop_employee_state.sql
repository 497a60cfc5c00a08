-- The document's index for the employee dashboard, dropped: who looks at their own tickets reads the tenant's.
-- known answer: reject
drop index virtualq.idx_ticket_employee_state;
