-- PgBouncer's own commands, as its console takes them; they are no SQL of a server.

-- name: show_version
show version

-- name: show_stats
show stats_totals

-- name: show_pools
show pools

-- name: reconnect
-- Its connections to the server are closed as they become free.
reconnect {door}

-- name: find_place
-- Where the server is that somebody is connected to, and what it calls the database.
select current_database()
