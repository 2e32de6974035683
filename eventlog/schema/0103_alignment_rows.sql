-- One row an alignment, to find the children of a goal: the alignments themselves lie in the children's plans.
create table goalcycle.alignment_rows (
    generation   bigint not null references goalcycle.view_generations on delete cascade,
    organization uuid not null,
    plan         uuid not null,
    edge         uuid not null,
    parent_plan  uuid not null,
    parent_goal  uuid not null,
    primary key (generation, organization, plan, edge)
);

create index alignment_rows_by_parent
    on goalcycle.alignment_rows (generation, organization, parent_plan, parent_goal, plan, edge);

grant select, insert, update, delete on goalcycle.alignment_rows to goalcycle_app;
