-- Six more indexes, each of which every transition has to write.
-- caught by: transition max_wal_bytes
-- named as: unexpected-index

-- name: plant
create index ticket_one_idx on virtualq.Ticket (current_state, created_at, tenant_id);
create index ticket_two_idx on virtualq.Ticket (tenant_id, current_state, created_at);
create index ticket_three_idx on virtualq.Ticket (closed_at, current_state, tenant_id);
create index ticket_four_idx on virtualq.Ticket (type_definition_id, current_state, closed_at);
create index ticket_five_idx on virtualq.Ticket using gin (to_tsvector('simple', custom_data));
create index ticket_six_idx on virtualq.Ticket (tenant_id, version) include (custom_data);
