-- A statement that names a transition and another target than its own is obeyed as to the target.
-- breaks: TRN-003
select pg_temp.replace_in(
    'virtualq.enforce_transition',
    $$        if target is null or (new.current_state <> old.current_state and new.current_state <> target) then$$,
    $$        if new.current_state <> old.current_state then
            target := new.current_state;
        end if;
        if target is null then$$
);
