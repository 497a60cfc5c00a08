-- The document's index for search in custom data, dropped: writes become much cheaper, and a search reads the tenant.
-- known answer: reject
drop index virtualq.idx_ticket_custom_data;
