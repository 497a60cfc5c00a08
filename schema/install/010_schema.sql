-- One schema holds everything, so that the whole can be dropped, dumped and granted by one name.
create schema virtualq;

-- What is installed here, and whether the harness may write. One row.
create table virtualq.Installation (
    singleton          boolean not null default true,
    schema_version     integer not null,
    schema_hash        text not null,
    indexes            text not null,
    layout             text not null default 'none',
    harness_may_write  boolean not null,
    dataset            jsonb,
    installed_at       timestamptz not null default now(),
    constraint installation_pkey primary key (singleton),
    constraint installation_is_single check (singleton)
);
