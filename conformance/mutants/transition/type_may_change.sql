-- The owner may turn a ticket into one of another type, whose machine lacks its state.
-- breaks: TRN-005
create or replace trigger ticket_identity_is_fixed
    before update on virtualq.Ticket
    for each row
    when (
        old.id <> new.id
        or old.extid <> new.extid
        or old.tenant_id is distinct from new.tenant_id
        or old.version <> new.version
        or old.created_at <> new.created_at
        or old.closed_at is distinct from new.closed_at and current_user <> 'virtualq_maintainer'
    )
    execute function virtualq.keep_identity(
        'ticket_identity_is_fixed', 'its id, extid, tenant, version, creation and closing time');
