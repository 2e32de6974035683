-- The last position at an instant, fixed for ever: later stamps are made to exceed the instant.
-- Null where the instant has not happened yet, so that its answer could still change.
--
-- Stamps never decrease with the position, so the answer is found by halving: no index pays for it on every append.
create function goalcycle.position_at(p_organization uuid, p_instant timestamptz)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, goalcycle
as $$
declare
    counter    goalcycle.organizations;
    just_after constant timestamptz := p_instant + interval '1 microsecond';
    low        bigint := 0;
    high       bigint;
    middle     bigint;
begin
    select * into counter from goalcycle.organizations o where o.organization = p_organization for update;
    if not found then
        return 0;
    end if;
    if p_instant > (case when counter.simulated then counter.last_at else clock_timestamp() end) then
        return null;
    end if;
    if counter.simulated then
        update goalcycle.organizations o set last_at = just_after
        where o.organization = p_organization and o.last_at < just_after;
    else
        update goalcycle.organizations o set last_recorded_at = just_after
        where o.organization = p_organization and o.last_recorded_at < just_after;
    end if;
    high := counter.last_position;
    while low < high loop
        middle := (low + high + 1) / 2;
        if (select case when counter.simulated then e.at else e.recorded_at end
            from goalcycle.events e
            where e.organization = p_organization and e.position = middle) <= p_instant
        then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end
$$;
