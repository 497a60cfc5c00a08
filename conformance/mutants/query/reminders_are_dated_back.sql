-- A step that leads back to its own state is dated by the ticket's creation, and heads the history of that day.
-- breaks: QRY-012
select pg_temp.replace_in(
    'virtualq.enforce_transition', $$metadata, operation_id
    )$$, $$metadata, operation_id, occurred_at
    )$$
);
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$coalesce(new.transition_operation_id, virtualq.new_extid())$$,
    $$coalesce(new.transition_operation_id, virtualq.new_extid()),
        case when target = old.current_state then old.created_at else clock_timestamp() end$$
);
