-- A ticket starts in any state, and without a history.
-- breaks: TRN-004
create function virtualq.start_anywhere() returns trigger
language plpgsql
as $$
begin
    new.type_scope := (select t.scope from virtualq.TypeDefinition as t where t.id = new.type_definition_id);
    return new;
end
$$;
create or replace trigger zz_ticket_starts
    before insert on virtualq.Ticket
    for each row execute function virtualq.start_anywhere();
alter table virtualq.Ticket alter column current_state set default 'received';
