-- name: call_function
select * from virtualq.{function}({arguments})

-- name: call_procedure
call virtualq.{function}({arguments})

-- name: argument
{name} => {value}::{type}
