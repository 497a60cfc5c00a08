-- A state that a plain UPDATE writes is recorded without the edge that led there.
-- breaks: TRN-003
select pg_temp.replace_in('virtualq.enforce_transition', $$taken := candidates[1];$$, $$taken := null;$$);
