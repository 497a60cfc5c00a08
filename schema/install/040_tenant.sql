-- Account > Tenant > Queue, and the people of a tenant.
--
-- References within a tenant carry the tenant: (tenant_id, …) on both sides, so that no row can point into another
-- tenant. `tenant_id` defaults to the transaction's tenant.

create table virtualq.Account (
    id          integer generated always as identity,
    extid       uuid not null default virtualq.new_extid(),
    name        varchar(100) not null,
    created_at  timestamptz not null default now(),
    constraint account_pkey primary key (id),
    constraint account_extid_key unique (extid)
);

create table virtualq.Tenant (
    id             integer generated always as identity,
    extid          uuid not null default virtualq.new_extid(),
    account_id     integer not null,
    name           varchar(100) not null,
    time_zone      text not null default 'UTC',
    configuration  jsonb not null default '{}',
    created_at     timestamptz not null default now(),
    constraint tenant_pkey primary key (id),
    constraint tenant_extid_key unique (extid),
    constraint tenant_account_fkey foreign key (account_id)
        references virtualq.Account (id) on delete restrict,
    constraint tenant_configuration_is_object check (jsonb_typeof(configuration) = 'object')
);

create index tenant_account_idx on virtualq.Tenant (account_id);

create table virtualq.Queue (
    id                 integer generated always as identity,
    extid              uuid not null default virtualq.new_extid(),
    tenant_id          integer not null default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    name               varchar(100) not null,
    served_per_minute  double precision,
    measured_at        timestamptz,
    created_at         timestamptz not null default now(),
    constraint queue_pkey primary key (tenant_id, id),
    constraint queue_id_key unique (id),
    constraint queue_extid_key unique (extid),
    constraint queue_tenant_fkey foreign key (tenant_id)
        references virtualq.Tenant (id) on delete restrict,
    constraint queue_rate_is_positive check (served_per_minute > 0)
);

create table virtualq.Customer (
    uid         integer generated always as identity,
    extid       uuid not null default virtualq.new_extid(),
    tenant_id   integer not null default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    name        varchar(100) not null,
    phone       varchar(40),
    email       varchar(200),
    created_at  timestamptz not null default now(),
    constraint customer_pkey primary key (tenant_id, uid),
    constraint customer_extid_key unique (extid),
    constraint customer_tenant_fkey foreign key (tenant_id)
        references virtualq.Tenant (id) on delete restrict
);

create table virtualq.Employee (
    id          integer generated always as identity,
    extid       uuid not null default virtualq.new_extid(),
    tenant_id   integer not null default nullif(current_setting('virtualq.tenant_id', true), '')::integer,
    name        varchar(100) not null,
    email       varchar(200),
    is_active   boolean not null default true,
    created_at  timestamptz not null default now(),
    constraint employee_pkey primary key (tenant_id, id),
    constraint employee_extid_key unique (extid),
    constraint employee_tenant_fkey foreign key (tenant_id)
        references virtualq.Tenant (id) on delete restrict
);
