-- Which streams rest on another one beside them: a plan on the plans of its goals' parents. Written by goalcycle.append in
-- the append that makes it so, read by it and by the fan-out. An entry that no longer holds wakes somebody in vain, and
-- that is harmless: none is ever taken back.
create table goalcycle.rests_on (
    organization uuid not null,
    upon         uuid not null,
    stream       uuid not null,
    primary key (organization, upon, stream)
);

grant select on goalcycle.rests_on to goalcycle_app;
