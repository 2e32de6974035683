-- The log and its bookkeeping. `organization` leads every key: nothing is ordered or shared across organizations.
-- No foreign keys to `organizations`: only goalcycle.append writes here, and it holds that very row locked; a foreign
-- key would look it up once more for every row.

create schema if not exists goalcycle;

-- The counter row: whoever appends locks it first.
create table goalcycle.organizations (
    organization     uuid primary key,
    last_position    bigint not null default 0 check (last_position >= 0),
    last_recorded_at timestamptz not null default '-infinity',
    last_at          timestamptz not null default '-infinity',
    simulated        boolean not null default false
);

create table goalcycle.events (
    organization   uuid not null,
    position       bigint not null check (position > 0),
    kind           text not null,
    stream         uuid not null,
    version        bigint not null check (version > 0),
    type           text not null check (octet_length(type) between 2 and 63),
    schema_version integer not null check (schema_version > 0),
    fact           boolean not null,
    actor          uuid not null,
    command_id     uuid not null,
    causation      uuid,
    at             timestamptz not null,
    recorded_at    timestamptz not null,
    payload        bytea not null check (octet_length(payload) between 2 and 16777216),
    prev_hash      bytea not null check (octet_length(prev_hash) = 32),
    hash           bytea not null check (octet_length(hash) = 32),
    body_mac       bytea,
    primary key (organization, stream, version),
    unique (organization, position)
);

-- The first event of each command carries the HMAC of the command's body. Its events are the command's answer.
create unique index events_by_command on goalcycle.events (organization, command_id) where body_mac is not null;

-- Where each stream stands, and what the relay must know of it. `looks_at` is when its workflow looks again by itself, at
-- the latest, once it has been told of what woke it; `read_position` how far the log was when it last looked.
create table goalcycle.streams (
    organization       uuid not null,
    stream             uuid not null,
    kind               text not null,
    parent             uuid,
    version            bigint not null,
    fact_version       bigint not null,
    hash               bytea not null,
    at                 timestamptz not null,
    last_position      bigint not null,
    next_due           timestamptz,
    looks_at           timestamptz,
    read_position      bigint not null default 0,
    wake_position      bigint not null default 0,
    delivered_position bigint not null default 0,
    nudged_at          timestamptz,
    closed             boolean not null default false,
    watching           boolean not null default false,
    primary key (organization, stream)
);

create index streams_to_nudge on goalcycle.streams (wake_position) where wake_position > delivered_position;
create index streams_overdue on goalcycle.streams (next_due) where not closed and next_due is not null;
create index streams_by_parent on goalcycle.streams (organization, parent, stream) where not closed;

-- Encrypted texts of sealed values. The only rows of the log that are ever deleted: by an erasure.
create table goalcycle.disclosures (
    organization uuid not null,
    commitment   bytea not null check (octet_length(commitment) = 32),
    subject      uuid not null,
    sealed       bytea not null,
    primary key (organization, commitment)
);

create index disclosures_by_subject on goalcycle.disclosures (organization, subject);

-- Streams whose children are to be woken, with how far that has come.
create table goalcycle.fanouts (
    organization uuid not null,
    stream       uuid not null,
    position     bigint not null,
    done_through uuid,
    primary key (organization, stream, position)
);
