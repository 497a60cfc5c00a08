-- A table that came later belongs to tickets, and does not say to whose.
-- breaks: TEN-011
create table virtualq.TicketTag (
    ticket_id  bigint not null,
    tag        text not null,
    constraint tickettag_pkey primary key (ticket_id, tag)
);
grant select, insert on virtualq.TicketTag to virtualq_app;
