-- name: configure_session
-- For the session's statements to come.
select set_config(%(name)s, %(value)s, false);
