-- name: revoke_plain_update
revoke update (current_state) on virtualq.Ticket from virtualq_app
