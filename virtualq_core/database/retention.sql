-- name: detach_history
select d.table_name, d.month, d.steps, d.size_bytes
  from virtualq.detach_history(before => %(before)s) as d
