-- Custom data may be a list, a text or a number.
-- breaks: FLD-006
alter table virtualq.Ticket drop constraint ticket_custom_data_is_object;
