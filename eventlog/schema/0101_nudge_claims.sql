-- Which streams a relay is telling their workflows about at this moment, so that another relay tells others. A claim
-- lapses by itself. Unlogged: losing the claims costs nudges that are told twice, and those are harmless. Beside
-- goalcycle.streams, not in it: no append ever waits for a relay.
create unlogged table goalcycle.nudge_claims (
    organization uuid not null,
    stream       uuid not null,
    until        timestamptz not null,
    primary key (organization, stream)
);

grant select, insert, update, delete on goalcycle.nudge_claims to goalcycle_app;
