-- name: commit_lazily
-- For the login in this database, which comes before what is set for either of the two.
alter role current_user in database {name} set synchronous_commit = off
