-- name: set_password
-- The text is a SCRAM verifier: the password itself does not reach the server or its log.
alter role {role} password {verifier}
