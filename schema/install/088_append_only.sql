-- Append-only for everybody, the owner too; only the purge functions open it, as the maintainer, for one transaction.
-- The argument is the table's name, which a partition does not tell.
create function virtualq.keep_history() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'DELETE'
       and current_user = 'virtualq_maintainer'
       and current_setting('virtualq.purging', true) = 'on' then
        return old;
    end if;
    raise exception using
        errcode = 'integrity_constraint_violation',
        constraint = tg_argv[0] || '_is_append_only',
        schema = tg_table_schema,
        table = tg_argv[0],
        message = format('history-is-kept: %s of %s is refused', lower(tg_op), tg_argv[0]),
        hint = 'virtualq.purge_history() and virtualq.off_board_tenant() delete it on purpose';
end
$$;

create trigger ticketstatehistory_is_append_only
    before update or delete on virtualq.TicketStateHistory
    for each row execute function virtualq.keep_history('ticketstatehistory');
create trigger ticketstatehistory_is_not_truncated
    before truncate on virtualq.TicketStateHistory
    for each statement execute function virtualq.keep_history('ticketstatehistory');
create trigger typedefinitionrevision_is_append_only
    before update or delete on virtualq.TypeDefinitionRevision
    for each row execute function virtualq.keep_history('typedefinitionrevision');
create trigger typedefinitionrevision_is_not_truncated
    before truncate on virtualq.TypeDefinitionRevision
    for each statement execute function virtualq.keep_history('typedefinitionrevision');
