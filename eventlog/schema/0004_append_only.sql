-- Events are never changed or removed, by anybody: the owner meets the triggers, the application lacks the rights.

create function goalcycle.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;

create trigger events_are_never_changed
    before update or delete on goalcycle.events
    for each row execute function goalcycle.refuse_change();

create trigger events_are_never_truncated
    before truncate on goalcycle.events
    for each statement execute function goalcycle.refuse_change();

-- Roles belong to the whole server: another database's migration may be making it at the same moment.
do $$
begin
    create role goalcycle_app nologin;
exception
    when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema goalcycle to goalcycle_app;
grant select on all tables in schema goalcycle to goalcycle_app;
grant update (next_due, looks_at, read_position, wake_position, delivered_position, nudged_at, closed, watching)
    on goalcycle.streams to goalcycle_app;
grant insert, update, delete on goalcycle.fanouts to goalcycle_app;
grant delete on goalcycle.disclosures to goalcycle_app;
revoke execute on all functions in schema goalcycle from public;
grant execute on all functions in schema goalcycle to goalcycle_app;
