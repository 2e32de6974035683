-- Appends many requests of ONE organization in one statement; each is all or nothing, in order.
--
-- The counter row is locked first. Everything after it is free of races: no other append of this organization runs.
-- A request answers, in this order of looking:
--   duplicate  its command id is known: `find_command` has the first answer
--   skewed     its `at` is off the database's clock (simulated: before the organization's last `at`)
--   conflict   a stream it appends to is not at the expected version and hash; a stream it read has a newer fact;
--              or an EARLIER request of this call appends to a stream it touches (the caller decides it again)
--   appended   dense positions, one recorded_at for the call
--
-- `p_apart` says that the call names no command and no stream twice, and reads none that it appends to. Where that is
-- so and nothing is known, stale or skewed, which is nearly always, every request is appended and nothing more is asked.
--
-- Parallel arrays, one entry a row; *_request numbers requests from 1, places count a request's events from 0:
--   r_*  requests                          a_*  streams appended to: where the caller saw them, where they stand
--   d_*  streams read, at their last fact       after it, and what the relay must know of them
--   e_*  events, in order of append        x_*  disclosures of sealed values
--   n_rests  in pairs: a stream appended to, and one beside it that it rests on from now on
create function goalcycle.append(
    p_organization    uuid,
    p_founds          boolean,
    p_simulated       boolean,
    p_apart           boolean,
    r_command         uuid[],
    r_mac             bytea[],
    r_actor           uuid[],
    r_causation       uuid[],
    r_at              timestamptz[],
    r_events          integer[],
    r_place           integer[],
    a_request         integer[],
    a_stream          uuid[],
    a_kind            text[],
    a_seen_version    bigint[],
    a_seen_hash       bytea[],
    a_version         bigint[],
    a_fact_version    bigint[],
    a_hash            bytea[],
    a_last_place      integer[],
    a_parent          uuid[],
    a_next_due        timestamptz[],
    a_due_now         boolean[],
    a_closed          boolean[],
    a_watching        boolean[],
    a_wakes_parent    boolean[],
    a_wakes_children  boolean[],
    d_request         integer[],
    d_stream          uuid[],
    d_fact            bigint[],
    e_request         integer[],
    e_place           integer[],
    e_stream          uuid[],
    e_kind            text[],
    e_version         bigint[],
    e_type            text[],
    e_schema          integer[],
    e_fact            boolean[],
    e_payload         bytea[],
    e_prev_hash       bytea[],
    e_hash            bytea[],
    x_request         integer[],
    x_commitment      bytea[],
    x_subject         uuid[],
    x_sealed          bytea[],
    n_rests           uuid[],
    out outcomes      text[],
    out firsts        bigint[],
    out floor         timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, goalcycle
-- Every look-up here is by key, for a handful of rows. Plans are made while the tables are small and kept while they
-- grow, so whatever reads more than one key's rows must not look cheap: `lateral … offset 0` asks row by row, and these
-- leave only the index for it. (Without: 25 times slower after 30,000 events.) Only what came with the call is hashed.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
-- No plan is better made for one call's arrays: making it anew costs a call of one request half its time.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    counter  goalcycle.organizations;
    stamp    timestamptz;
    taken    bigint;
    latest   timestamptz;
    all_well boolean;
    woken    record;
    zero     constant bytea := decode(repeat('00', 32), 'hex');
begin
    if p_founds then
        insert into goalcycle.organizations (organization, simulated)
        values (p_organization, p_simulated)
        on conflict do nothing;
    end if;
    select * into counter from goalcycle.organizations o where o.organization = p_organization for update;
    if not found then
        outcomes := array_fill('unknown_organization'::text, array[cardinality(r_command)]);
        return;
    end if;
    stamp := greatest(counter.last_recorded_at, clock_timestamp());

    -- Verdicts, and the first position of each request that is appended.
    if p_apart and not counter.simulated then
        select not exists (
                   select from unnest(r_command, r_at) r (command, at)
                   left join lateral (
                       select c.command_id from goalcycle.events c
                       where c.organization = p_organization and c.command_id = r.command and c.body_mac is not null
                       offset 0) c on true
                   where c.command_id is not null
                      or r.at > stamp + interval '1 second' or r.at < stamp - interval '5 seconds')
               and not exists (
                   select from unnest(a_stream, a_seen_version, a_seen_hash) a (stream, version, hash)
                   left join lateral (
                       select s.version, s.hash from goalcycle.streams s
                       where s.organization = p_organization and s.stream = a.stream offset 0) s on true
                   where coalesce(s.version, 0) <> a.version or coalesce(s.hash, zero) <> a.hash)
               and not exists (
                   select from unnest(d_stream, d_fact) d (stream, fact)
                   left join lateral (
                       select s.fact_version from goalcycle.streams s
                       where s.organization = p_organization and s.stream = d.stream offset 0) s on true
                   where coalesce(s.fact_version, 0) <> d.fact)
        into all_well;
    end if;
    if all_well then
        outcomes := array_fill('appended'::text, array[cardinality(r_command)]);
        select array_agg(counter.last_position + 1 + r.place order by r.n), max(r.at)
        into firsts, latest
        from unnest(r_place, r_at) with ordinality r (place, at, n);
        taken := cardinality(e_request);
    else
        with appends as (
            select a.request, a.stream, a.version, a.hash, min(a.request) over (partition by a.stream) as first_request
            from unnest(a_request, a_stream, a_seen_version, a_seen_hash) a (request, stream, version, hash)
        ),
        stale as (
            select a.request
            from appends a
            left join lateral (
                select s.version, s.hash from goalcycle.streams s
                where s.organization = p_organization and s.stream = a.stream offset 0) s on true
            where coalesce(s.version, 0) <> a.version or coalesce(s.hash, zero) <> a.hash or a.first_request < a.request
            union all
            select d.request
            from unnest(d_request, d_stream, d_fact) d (request, stream, fact)
            left join lateral (
                select s.fact_version from goalcycle.streams s
                where s.organization = p_organization and s.stream = d.stream offset 0) s on true
            left join appends a on a.stream = d.stream and a.request < d.request
            where coalesce(s.fact_version, 0) <> d.fact or a.request is not null
        ),
        looked_at as (
            select r.n::integer as n, r.at, r.events, c.command_id is not null as known,
                   row_number() over (partition by r.command order by r.n) > 1 as repeated,
                   r.n in (select stale.request from stale) as outdated
            from unnest(r_command, r_at, r_events) with ordinality r (command, at, events, n)
            left join lateral (
                select c.command_id from goalcycle.events c
                where c.organization = p_organization and c.command_id = r.command and c.body_mac is not null
                offset 0) c on true
        ),
        requests as (
            -- What is not appended moves no clock: its `at` binds nobody behind it in the call.
            select l.*, max(l.at) filter (where not (l.known or l.repeated or l.outdated))
                            over (order by l.n rows between unbounded preceding and 1 preceding) as earlier_at
            from looked_at l
        ),
        judged as (
            select r.n, r.at, r.events,
                   case
                       when r.known then 'duplicate'
                       when r.repeated then 'conflict'
                       when not counter.simulated
                            and (r.at > stamp + interval '1 second' or r.at < stamp - interval '5 seconds') then 'skewed'
                       when counter.simulated and r.at < greatest(counter.last_at, r.earlier_at) then 'skewed'
                       when r.outdated then 'conflict'
                       else 'appended'
                   end as outcome
            from requests r
        ),
        placed as (
            select j.*, sum(j.events) filter (where j.outcome = 'appended') over (order by j.n) as through from judged j
        )
        select array_agg(p.outcome order by p.n), array_agg(counter.last_position + 1 + p.through - p.events order by p.n),
               max(p.through), max(p.at) filter (where p.outcome = 'appended')
        into outcomes, firsts, taken, latest
        from placed p;
    end if;

    floor := case when counter.simulated then greatest(counter.last_at, latest) else stamp end;
    if taken is null then
        return;
    end if;

    insert into goalcycle.events
    select p_organization, firsts[e.request] + e.place, e.kind, e.stream, e.version, e.type, e.schema_version, e.fact,
           r_actor[e.request], r_command[e.request], r_causation[e.request], r_at[e.request], stamp,
           e.payload, e.prev_hash, e.hash, case e.place when 0 then r_mac[e.request] end
    from unnest(e_request, e_place, e_stream, e_kind, e_version, e_type, e_schema, e_fact, e_payload, e_prev_hash,
                e_hash)
        e (request, place, stream, kind, version, type, schema_version, fact, payload, prev_hash, hash)
    where outcomes[e.request] = 'appended';

    insert into goalcycle.streams as s (
        organization, stream, kind, parent, version, fact_version, hash, at, last_position, next_due, looks_at,
        wake_position, closed, watching)
    select p_organization, a.stream, a.kind, a.parent, a.version, a.fact_version, a.hash, r_at[a.request],
           firsts[a.request] + a.last_place, a.next_due, a.next_due,
           -- A stream that opens or owes something now is woken; one whose own workflow did what it owes (null), never.
           case when a.seen_version = 0 or a.due_now then firsts[a.request] + a.last_place
                when a.due_now is null then -1 else 0 end,
           a.closed, a.watching
    from unnest(a_request, a_stream, a_kind, a_seen_version, a_version, a_fact_version, a_hash, a_last_place, a_parent,
                a_next_due, a_due_now, a_closed, a_watching)
        a (request, stream, kind, seen_version, version, fact_version, hash, last_place, parent, next_due, due_now,
           closed, watching)
    where outcomes[a.request] = 'appended'
    on conflict (organization, stream) do update
    set parent = excluded.parent,
        version = excluded.version,
        fact_version = greatest(s.fact_version, excluded.fact_version),
        hash = excluded.hash,
        at = excluded.at,
        last_position = excluded.last_position,
        next_due = excluded.next_due,
        looks_at = case when excluded.closed <> s.closed then excluded.next_due
                        else least(s.looks_at, excluded.next_due) end,
        -- So is one that closes, opens again, or owes something before its workflow would look by itself.
        wake_position = case
            when excluded.wake_position < 0 then s.wake_position
            when excluded.closed <> s.closed or excluded.next_due < coalesce(s.looks_at, 'infinity')
                then excluded.last_position
            else greatest(s.wake_position, excluded.wake_position)
        end,
        closed = excluded.closed,
        watching = excluded.watching;

    if cardinality(x_request) > 0 then
        insert into goalcycle.disclosures (organization, commitment, subject, sealed)
        select p_organization, x.commitment, x.subject, x.sealed
        from unnest(x_request, x_commitment, x_subject, x_sealed) x (request, commitment, subject, sealed)
        where outcomes[x.request] = 'appended'
        on conflict do nothing;
    end if;

    if cardinality(n_rests) > 0 then
        insert into goalcycle.rests_on (organization, upon, stream)
        select p_organization, n_rests[pair + 1], a.stream
        from generate_series(1, cardinality(n_rests), 2) pair
        join unnest(a_request, a_stream) a (request, stream) on a.stream = n_rests[pair]
        where outcomes[a.request] = 'appended'
        on conflict do nothing;
    end if;

    if true = any (a_wakes_children) then
        -- Few plans have others that rest on them: the rest leaves no fan-out behind.
        insert into goalcycle.fanouts (organization, stream, position)
        select p_organization, a.stream, firsts[a.request] + a.last_place
        from unnest(a_request, a_stream, a_kind, a_last_place, a_wakes_children)
            a (request, stream, kind, last_place, wakes)
        where a.wakes and outcomes[a.request] = 'appended'
          and (a.kind <> 'plan'
               or exists (select from goalcycle.rests_on r
                          where r.organization = p_organization and r.upon = a.stream));
    end if;

    update goalcycle.organizations o
    set last_position = counter.last_position + taken,
        last_recorded_at = stamp,
        last_at = greatest(counter.last_at, latest)
    where o.organization = p_organization;

    if true = any (a_wakes_parent) then
        -- A stream that watches for blockers looks again when a fact of a stream below it comes in.
        for woken in
            select a.parent, max(firsts[a.request] + a.last_place) as position
            from unnest(a_request, a_parent, a_last_place, a_wakes_parent) a (request, parent, last_place, wakes)
            where a.wakes and outcomes[a.request] = 'appended'
            group by a.parent
        loop
            update goalcycle.streams p
            set wake_position = greatest(p.wake_position, woken.position)
            where p.organization = p_organization and p.stream = woken.parent and p.watching;
        end loop;
    end if;
end
$$;
