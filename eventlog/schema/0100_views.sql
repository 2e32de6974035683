-- The read models: rows of a generation, so that a rebuilt one can grow beside the one that is served.

create table goalcycle.view_generations (
    generation bigint primary key generated always as identity,
    state      text not null check (state in ('building', 'live')),
    started_at timestamptz not null default now()
);

create unique index view_generations_one_live on goalcycle.view_generations (state) where state = 'live';
create unique index view_generations_one_building on goalcycle.view_generations (state) where state = 'building';

-- How far a generation has come in each organization's log. Locked while a batch is applied.
create table goalcycle.view_checkpoints (
    generation   bigint not null references goalcycle.view_generations on delete cascade,
    organization uuid not null,
    position     bigint not null,
    primary key (generation, organization)
);

-- One row a plan (board), one a cycle.
create table goalcycle.board_rows (
    generation   bigint not null references goalcycle.view_generations on delete cascade,
    organization uuid not null,
    cycle        uuid not null,
    plan         uuid not null,
    row          jsonb not null,
    primary key (generation, organization, cycle, plan)
);

create table goalcycle.cycle_rows (
    generation   bigint not null references goalcycle.view_generations on delete cascade,
    organization uuid not null,
    cycle        uuid not null,
    row          jsonb not null,
    primary key (generation, organization, cycle)
);

-- One row a thing that a person must do; `source` is the plan or cycle it comes from.
create table goalcycle.inbox_rows (
    generation   bigint not null references goalcycle.view_generations on delete cascade,
    organization uuid not null,
    person       uuid not null,
    source       uuid not null,
    item         text not null,
    due          timestamptz,
    row          jsonb not null,
    primary key (generation, organization, source, person, item)
);

create index inbox_rows_by_person on goalcycle.inbox_rows (generation, organization, person, due);

insert into goalcycle.view_generations (state) values ('live');

grant select, insert, update, delete on goalcycle.view_generations, goalcycle.view_checkpoints, goalcycle.board_rows,
    goalcycle.cycle_rows, goalcycle.inbox_rows to goalcycle_app;
