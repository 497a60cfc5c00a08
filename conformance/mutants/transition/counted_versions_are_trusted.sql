-- Whoever counts the version is taken to have judged the step, and not only the function that does.
-- breaks: TRN-013
create or replace trigger zz_ticket_transition
    before update on virtualq.Ticket
    for each row
    when (old.current_state is distinct from new.current_state and old.version = new.version)
    execute function virtualq.enforce_transition();
