-- name: change_setting
-- For the present transaction.
select set_config(%(name)s, %(value)s, true);
