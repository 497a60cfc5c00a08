-- A function with its owner's rights may be run by every role of the server.
-- breaks: TEN-012
grant execute on function virtualq.search_tickets to public;
