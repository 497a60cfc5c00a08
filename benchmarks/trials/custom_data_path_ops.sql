-- Search in custom data by hashes of whole paths instead of keys and values apart: smaller, and as fast or faster for
-- containment and paths. It cannot answer whether a key exists, which no query asks.
-- known answer: accept
drop index virtualq.idx_ticket_custom_data;
create index idx_ticket_custom_data on virtualq.Ticket using gin (custom_data jsonb_path_ops);
