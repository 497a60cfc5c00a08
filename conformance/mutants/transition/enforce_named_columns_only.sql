-- Transitions are judged only where the statement names the state, so that another trigger can pass them by.
-- breaks: TRN-013
create or replace trigger zz_ticket_transition
    before update of current_state, transition_name, transition_operation_id on virtualq.Ticket
    for each row
    when (old.current_state is distinct from new.current_state or new.transition_name is not null)
    execute function virtualq.enforce_transition();
