-- Appends many requests of ONE organization in one statement; each is all or nothing, in order.
--
-- The counter row is locked first. Everything after it is free of races: no other append of this organization runs.
-- A request answers, in this order of looking:
--   duplicate  its command id is known: the first answer, with the HMAC of the first body
--   skewed     its `at` is off the database's clock (simulated: before the organization's last `at`)
--   conflict   a stream it appends to is not at the expected version and hash; a stream it read has a newer fact;
--              or an EARLIER request of this call appends to a stream it touches (the caller decides it again)
--   appended   dense positions, one recorded_at for the call
--
-- Parallel arrays, one entry a row; *_request numbers requests from 1:
--   r_*  requests                          a_*  streams appended to (expected version and head hash; what the relay
--   d_*  streams read, at their last fact       must know after it)
--   e_*  events, in order of append        x_*  disclosures of sealed values
create function goalcycle.append(
    p_organization    uuid,
    p_founds          boolean,
    p_simulated       boolean,
    r_command         uuid[],
    r_mac             bytea[],
    r_actor           uuid[],
    r_causation       uuid[],
    r_at              timestamptz[],
    a_request         integer[],
    a_stream          uuid[],
    a_kind            text[],
    a_version         bigint[],
    a_hash            bytea[],
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
    x_sealed          bytea[]
)
returns table (
    request        integer,
    outcome        text,
    first_position bigint,
    last_position  bigint,
    streams        uuid[],
    versions       bigint[],
    body_mac       bytea,
    floor          timestamptz
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
    verdicts text[];
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
        return query
            select n, 'unknown_organization', 0::bigint, 0::bigint, null::uuid[], null::bigint[], null::bytea,
                   null::timestamptz
            from generate_subscripts(r_command, 1) n;
        return;
    end if;
    stamp := greatest(counter.last_recorded_at, clock_timestamp());

    with appended_streams as (
        select a.request, a.stream, a.version, a.hash,
               min(a.request) over (partition by a.stream) as first_request
        from unnest(a_request, a_stream, a_version, a_hash) a (request, stream, version, hash)
    ),
    stale as (
        select a.request
        from appended_streams a
        left join lateral (
            select s.version, s.hash from goalcycle.streams s
            where s.organization = p_organization and s.stream = a.stream offset 0) s on true
        where coalesce(s.version, 0) <> a.version or coalesce(s.hash, zero) <> a.hash or a.first_request < a.request
        union
        select d.request
        from unnest(d_request, d_stream, d_fact) d (request, stream, fact)
        left join lateral (
            select s.fact_version from goalcycle.streams s
            where s.organization = p_organization and s.stream = d.stream offset 0) s on true
        where coalesce(s.fact_version, 0) <> d.fact
           or exists (select from appended_streams a where a.stream = d.stream and a.request < d.request)
    ),
    looked_at as (
        select r.n::integer as n, r.at, c.command_id is not null as known,
               row_number() over (partition by r.command order by r.n) > 1 as repeated,
               r.n in (select stale.request from stale) as outdated
        from unnest(r_command, r_at) with ordinality r (command, at, n)
        left join lateral (
            select c.command_id from goalcycle.commands c
            where c.organization = p_organization and c.command_id = r.command offset 0) c on true
    ),
    requests as (
        -- What is not appended moves no clock: its `at` binds nobody behind it in the call.
        select l.*, max(l.at) filter (where not (l.known or l.repeated or l.outdated))
                        over (order by l.n rows between unbounded preceding and 1 preceding) as earlier_at
        from looked_at l
    )
    select array_agg(
        case
            when r.known then 'duplicate'
            when r.repeated then 'conflict'
            when not counter.simulated and (r.at > stamp + interval '1 second' or r.at < stamp - interval '5 seconds')
                then 'skewed'
            when counter.simulated and r.at < greatest(counter.last_at, r.earlier_at) then 'skewed'
            when r.outdated then 'conflict'
            else 'appended'
        end
        order by r.n)
    into verdicts
    from requests r;

    if 'appended' = any (verdicts) then
        with placed as (
            select e.*, counter.last_position + row_number() over (order by e.ordinal) as position
            from unnest(e_request, e_stream, e_kind, e_version, e_type, e_schema, e_fact, e_payload, e_prev_hash, e_hash)
                with ordinality
                e (request, stream, kind, version, type, schema_version, fact, payload, prev_hash, hash, ordinal)
            where verdicts[e.request] = 'appended'
        ),
        inserted as (
            insert into goalcycle.events
            select p_organization, p.position, p.kind, p.stream, p.version, p.type, p.schema_version, p.fact,
                   r_actor[p.request], r_command[p.request], r_causation[p.request], r_at[p.request], stamp,
                   p.payload, p.prev_hash, p.hash
            from placed p
        ),
        reached as (
            select p.request, p.stream, max(p.version) as version, max(p.position) as position,
                   min(p.position) as first_position,
                   coalesce(max(p.version) filter (where p.fact), 0) as fact_version,
                   (array_agg(p.hash order by p.version desc))[1] as hash
            from placed p
            group by p.request, p.stream
        ),
        stood as (
            insert into goalcycle.streams as s (
                organization, stream, kind, parent, version, fact_version, hash, at, last_position,
                next_due, wake_position, closed, watching)
            select p_organization, a.stream, a.kind, a.parent, n.version, n.fact_version, n.hash, r_at[a.request],
                   n.position, a.next_due,
                   case
                       when o.stream is null or a.due_now or a.closed <> o.closed
                            or (a.next_due is not null and (o.next_due is null or a.next_due < o.next_due))
                           then n.position
                       else o.wake_position
                   end,
                   a.closed, a.watching
            from unnest(a_request, a_stream, a_kind, a_parent, a_next_due, a_due_now, a_closed, a_watching)
                a (request, stream, kind, parent, next_due, due_now, closed, watching)
            join reached n on n.request = a.request and n.stream = a.stream
            left join lateral (
                select o.stream, o.closed, o.next_due, o.wake_position from goalcycle.streams o
                where o.organization = p_organization and o.stream = a.stream offset 0) o on true
            on conflict (organization, stream) do update
            set parent = excluded.parent,
                version = excluded.version,
                fact_version = greatest(s.fact_version, excluded.fact_version),
                hash = excluded.hash,
                at = excluded.at,
                last_position = excluded.last_position,
                next_due = excluded.next_due,
                wake_position = greatest(s.wake_position, excluded.wake_position),
                closed = excluded.closed,
                watching = excluded.watching
        ),
        disclosed as (
            insert into goalcycle.disclosures (organization, commitment, subject, sealed)
            select p_organization, x.commitment, x.subject, x.sealed
            from unnest(x_request, x_commitment, x_subject, x_sealed) x (request, commitment, subject, sealed)
            where verdicts[x.request] = 'appended'
            on conflict do nothing
        ),
        answered as (
            insert into goalcycle.commands
            select p_organization, r_command[n.request], r_mac[n.request], min(n.first_position), max(n.position),
                   array_agg(n.stream order by n.first_position), array_agg(n.version order by n.first_position)
            from reached n
            group by n.request
        ),
        fanned as (
            insert into goalcycle.fanouts (organization, stream, position)
            select p_organization, a.stream, n.position
            from unnest(a_request, a_stream, a_wakes_children) a (request, stream, wakes)
            join reached n on n.request = a.request and n.stream = a.stream
            where a.wakes
        )
        update goalcycle.organizations o
        set last_position = counter.last_position + (select count(*) from placed),
            last_recorded_at = stamp,
            last_at = greatest(
                counter.last_at,
                (select max(r_at[n]) from generate_subscripts(r_at, 1) n where verdicts[n] = 'appended'))
        where o.organization = p_organization;

        -- A stream that watches for blockers looks again when a fact of a stream below it comes in.
        for woken in
            select a.parent, max(s.last_position) as position
            from unnest(a_request, a_stream, a_parent, a_wakes_parent) a (request, stream, parent, wakes)
            cross join lateral (
                select s.last_position from goalcycle.streams s
                where s.organization = p_organization and s.stream = a.stream offset 0) s
            where a.wakes and verdicts[a.request] = 'appended'
            group by a.parent
        loop
            update goalcycle.streams p
            set wake_position = greatest(p.wake_position, woken.position)
            where p.organization = p_organization and p.stream = woken.parent and p.watching;
        end loop;
    end if;

    return query
        select r.n::integer, verdicts[r.n],
               coalesce(c.first_position, 0), coalesce(c.last_position, 0), c.streams, c.versions, c.body_mac,
               case
                   when verdicts[r.n] <> 'skewed' then null
                   when counter.simulated then greatest(counter.last_at, (
                       select max(r_at[m]) from generate_subscripts(r_at, 1) m
                       where m < r.n and verdicts[m] = 'appended'))
                   else stamp
               end
        from unnest(r_command) with ordinality r (command, n)
        left join lateral (
            select c.first_position, c.last_position, c.streams, c.versions, c.body_mac from goalcycle.commands c
            where c.organization = p_organization and c.command_id = r.command offset 0) c
            on verdicts[r.n] in ('appended', 'duplicate')
        order by r.n;
end
$$;
