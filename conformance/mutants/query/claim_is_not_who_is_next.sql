-- The claim passes over what the display names as next: of tickets that came at one moment it takes the last.
-- breaks: QRY-007
select pg_temp.replace_in(
    'virtualq.claim_next_ticket', $$order by t.created_at, t.id$$, $$order by t.created_at, t.id desc$$
);
