-- Tickets expire when their last minute begins, before any list has them as overdue.
-- breaks: QRY-010
select pg_temp.replace_in(
    'virtualq.expire_tickets', $$make_interval(mins => t.ttl_minutes)$$, $$make_interval(mins => t.ttl_minutes - 1)$$
);
