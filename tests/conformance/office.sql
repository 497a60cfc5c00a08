-- name: contains
select %(data)s @> %(fragment)s
