-- A ticket that is cancelled has no closing time, and is open for ever in all that counts by it.
-- breaks: QRY-011
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$when target = any (machine.terminal_states)$$,
    $$when target = any (machine.terminal_states) and target <> 'cancelled'$$
);
