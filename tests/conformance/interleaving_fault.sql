-- Wrong databases: in each, sessions that meet find what one session alone would never find.

-- name: look_then_act
-- A state that is read without a lock, judged, and written; history counts for itself.
alter table virtualq.Ticket disable trigger zz_ticket_transition;
alter table virtualq.Ticket disable trigger ticket_identity_is_fixed;
create or replace function virtualq.transition_ticket(
    tenant_id integer, ticket_id bigint, transition text, expected_state text default null,
    expected_version integer default null, actor text default null, metadata jsonb default null,
    operation_id uuid default null,
    out seq integer, out from_state text, out to_state text, out revision integer, out replayed boolean
)
language plpgsql security definer
as $$
#variable_conflict use_variable
declare
    terminal  text[];
begin
    perform virtualq.enter_tenant(tenant_id);
    replayed := false;
    select t.current_state, y.fsm_compiled -> t.current_state::text ->> transition, y.revision, y.terminal_states
      into from_state, to_state, revision, terminal
      from virtualq.Ticket as t
      join virtualq.TypeDefinition as y on y.scope = t.type_scope and y.id = t.type_definition_id
     where t.tenant_id = transition_ticket.tenant_id and t.id = transition_ticket.ticket_id;
    if to_state is null then
        raise check_violation using constraint = 'ticket_transition_is_legal', message = 'illegal-transition: no';
    end if;
    update virtualq.Ticket as t
       set current_state = to_state,
           version = t.version + 1,
           closed_at = case when to_state = any (terminal) then clock_timestamp() end
     where t.tenant_id = transition_ticket.tenant_id and t.id = transition_ticket.ticket_id
    returning t.version into seq;
    insert into virtualq.TicketStateHistory (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition_name, actor, operation_id
    )
    values (
        tenant_id, ticket_id, seq, revision, from_state, to_state, transition, session_user,
        coalesce(operation_id, virtualq.new_extid())
    );
end
$$;
alter function virtualq.transition_ticket owner to virtualq_maintainer

-- name: claim_without_skipping
-- Who waits for a ticket takes it afterwards, whatever has become of it.
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.claim_next_ticket'::regproc), 'for no key update skip locked', '');
end
$$

-- name: publish_without_lock
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.compile_type'::regproc), 'lock table virtualq.Ticket in exclusive mode;', '');
end
$$

-- name: bulk_as_named
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.transition_tickets'::regproc),
        E'order by t.id\n        for no key update',
        E'order by array_position(ticket_ids, t.id)\n        for no key update');
end
$$

-- name: waits_in_any_order
do $$
begin
    execute replace(pg_get_functiondef('virtualq.refresh_waits'::regproc), 'order by t.id', 'order by t.id desc');
end
$$

-- name: expire_with_patience
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.expire_tickets'::regproc), 'for no key update of t skip locked',
        'for no key update of t');
end
$$

-- name: create_without_lock
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.create_ticket'::regproc),
        'perform pg_advisory_xact_lock(hashtextextended(operation_id::text, tenant_id));', '');
end
$$

-- name: forget_operations
-- Idempotent for those who come one after the other, who are told of an illegal transition when they come at once.
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.enforce_transition'::regproc), 'if first_for = old.id then', 'if false then');
end
$$

-- name: purge_without_lock
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.purge_history'::regproc), E'order by t.id\n           for update', 'order by t.id');
end
$$

-- name: off_board_with_full_hands
-- One lock after the other, each held while the next one is waited for.
do $$
begin
    execute replace(pg_get_functiondef('virtualq.off_board_tenant'::regproc), ' nowait;', ';');
end
$$

-- name: off_board_without_lock
do $$
begin
    execute replace(
        pg_get_functiondef('virtualq.off_board_tenant'::regproc), 'lock table virtualq.Ticket in exclusive mode;', '');
end
$$

-- name: judge_without_waiting
-- An expectation that is compared with what was there before the row was locked.
do $$
begin
    execute replace(
        replace(
            pg_get_functiondef('virtualq.transition_ticket'::regproc),
            'and (expected_state is null or t.current_state = expected_state)',
            'and (expected_state is null or exists (select from virtualq.Ticket as s where s.tenant_id = '
                'transition_ticket.tenant_id and s.id = ticket_id and s.current_state = expected_state))'),
        'and (expected_version is null or t.version = expected_version)',
        'and (expected_version is null or exists (select from virtualq.Ticket as s where s.tenant_id = '
            'transition_ticket.tenant_id and s.id = ticket_id and s.version = expected_version))');
end
$$
