"""The projector on the real Postgres: in order, once, whoever is killed; rebuilt beside and switched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

import eventlog.projector
import eventlog.rebuild
from cli.composition import CODEC, Engine
from domain.cycle.policy import Policy
from domain.decider import Ref
from domain.directory.lines import SetManager
from domain.directory.state import DIRECTORY
from domain.registry import DECIDERS
from domain.values import Elapsed
from eventlog.log import Recorded
from eventlog.outage import PASSING
from eventlog.projection import Projection, Read, Rows
from eventlog.projector import Projector
from eventlog.rebuild import RebuildRunningError, RebuildStoppedError, rebuild_views
from tests.support.projecting import Crowd, caught_up, live, log_codec_without, projector_of, rows
from tests.support.quarter import Quarter, open_engine_on, windows

HOUR = 3600
TIMETABLE = windows(2 * HOUR, 4 * HOUR, 8 * HOUR, 20 * HOUR, 30 * HOUR)
QUICK = Policy(
    turn=Elapsed(seconds=HOUR),
    assignment_served=Elapsed(seconds=HOUR),
    signature_reminder=Elapsed(seconds=HOUR // 4),
    signature_escalation=Elapsed(seconds=HOUR // 2),
    check_in_every=Elapsed(seconds=2 * HOUR),
    result_served=Elapsed(seconds=2 * HOUR),
)


@pytest.fixture
async def engine(database: str) -> AsyncIterator[Engine]:
    async with open_engine_on(database) as opened:
        yield opened


async def begun(engine: Engine, seed: int | None = None) -> Quarter:
    """A quarter in draft, with a goal of each kind for the first of the staff. A seed gives everybody a fixed id, so
    that what depends on their order comes out the same.
    """
    ids = [uuid4() if seed is None else UUID(int=seed * 100 + place) for place in range(8)]
    quarter = Quarter(
        engine,
        organization=ids[0],
        cycle=ids[1],
        lead=ids[2],
        head=ids[3],
        staff=(ids[4], ids[5]),
        board=(ids[6], ids[7]),
        simulated=True,
        now=datetime(2027, 1, 4, 9, tzinfo=UTC),
    )
    await quarter.found()
    await quarter.open(timetable=TIMETABLE, policy=QUICK)
    await quarter.draft(quarter.staff[0])
    return quarter


@pytest.mark.parametrize("seed", [2, 3, 5])
async def test_rebuild_equals_live_row_for_row_after_anything_people_do(
    engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live applies small batches as they come, the rebuild all at once from nothing: the rows are the same."""
    quarter = await begun(engine, seed)
    crowd = Crowd(quarter, seed)
    projector = projector_of(engine)
    for turn in range(40):
        await crowd.act(10)
        await caught_up(projector)
        if turn % 4 == 0:
            served = await rows(engine.pool)
            await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
            assert await rows(engine.pool) == served
    assert {"signed", "_check_in", "_advance", "_exceptions", "_directory", "_wait"} <= set(crowd.done), crowd.done
    before, was = await rows(engine.pool), await live(engine.pool)
    assert len(before["board_rows"]) == 2
    last = await engine.log.last_position(quarter.organization)
    for size in (1, 7, 500):
        monkeypatch.setattr(eventlog.projector, "BATCH", size)
        report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
        assert (report.events, report.stopped) == (last, 0)
        assert await live(engine.pool) == report.generation > was
        assert await rows(engine.pool) == before
    assert await engine.pool.fetchval("select count(*) from goalcycle.view_generations") == 1
    assert await engine.pool.fetchval("select count(distinct generation) from goalcycle.board_rows") == 1


async def test_a_dropped_cache_changes_no_row(engine: Engine) -> None:
    """Whatever was cached, and however little fits, the states are those of the batch's end."""
    quarter = await begun(engine, 4)
    crowd = Crowd(quarter, 4)
    roomy, narrow = Projection(engine.log, DECIDERS, CODEC), Projection(engine.log, DECIDERS, CODEC, cached_streams=1)
    idle = Projection(engine.log, DECIDERS, CODEC)
    after = 0
    for number in range(25):
        await crowd.act(6)
        events = await engine.log.read_feed(quarter.organization, after=after)
        if events:
            after = events[-1].position
            arguments = (quarter.organization, events, [quarter.cycle])
            kept = await roomy.rows(*arguments)
            assert kept == await narrow.rows(*arguments)
            if number % 3:  # another projector does every third
                assert kept == await idle.rows(*arguments)
            assert kept == await Projection(engine.log, DECIDERS, CODEC).rows(*arguments)


async def test_rows_are_of_the_batch_s_end_however_much_further_the_log_is(engine: Engine) -> None:
    quarter = await begun(engine)
    events = await engine.log.read_feed(quarter.organization)
    behind, ahead = Projection(engine.log, DECIDERS, CODEC), Projection(engine.log, DECIDERS, CODEC)
    then = await Projection(engine.log, DECIDERS, CODEC).rows(quarter.organization, events, [])
    await quarter.agree(quarter.staff[0])
    await quarter.draft(quarter.staff[1])
    later = await engine.log.read_feed(quarter.organization)
    assert await ahead.rows(quarter.organization, later, []) != then
    for projection in (behind, ahead):
        assert await projection.rows(quarter.organization, events[-2:], [quarter.cycle]) == Rows(
            plans={key: row for key, row in then.plans.items() if row.owner == quarter.staff[0]},
            waits={key: waits for key, waits in then.waits.items() if key == quarter.plan_ref(quarter.staff[0]).stream},
            edges={quarter.plan_ref(quarter.staff[0]).stream: []},
        )


async def test_a_change_of_the_directory_is_seen_in_every_open_plan(engine: Engine) -> None:
    """Who must answer follows the reporting line, though no event of the plan says so."""
    quarter = await begun(engine)
    projector = projector_of(engine)
    await caught_up(projector)
    assert [row["person"] for row in (await rows(engine.pool))["inbox_rows"]].count(str(quarter.head)) == 1
    await quarter.act(quarter.lead, DIRECTORY, SetManager(person=quarter.staff[0], manager=quarter.lead))
    await caught_up(projector)
    found = [row["person"] for row in (await rows(engine.pool))["inbox_rows"]]
    assert (found.count(str(quarter.head)), found.count(str(quarter.lead))) == (0, 1)


async def test_cached_streams_are_not_read_again(engine: Engine) -> None:
    quarter = await begun(engine)
    projector = projector_of(engine)
    await caught_up(projector)
    reads: list[Ref] = []
    read_stream = engine.log.read_stream

    async def counted(organization: UUID, ref: Ref, **more: Any) -> list[Recorded]:
        reads.append(ref)
        return await read_stream(organization, ref, **more)

    engine.handler.cache._log = _Reading(engine.log)  # the handler reads past the count
    engine.log.read_stream = counted  # type: ignore[method-assign]
    await quarter.agree(quarter.staff[0])
    await quarter.draft(quarter.staff[1])
    assert await projector.step() >= 3
    assert reads == []


class _Reading:
    """The log's own methods, whatever is set on the instance."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(type(self._log), name).__get__(self._log)


async def test_two_projectors_at_once_apply_everything_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventlog.projector, "BATCH", 3)
    quarter = await begun(engine, 5)
    crowd = Crowd(quarter, 5)
    stop = asyncio.Event()
    pair = [projector_of(engine), projector_of(engine)]
    running = [asyncio.create_task(one.run(stop)) for one in pair]
    await crowd.act(120)
    last = await engine.log.last_position(quarter.organization)
    async with asyncio.timeout(20):
        while await pair[0].lag():
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*running)
    assert not pair[0].stopped
    assert not pair[1].stopped
    found = await rows(engine.pool)
    assert [row["position"] for row in found["view_checkpoints"]] == [last]
    await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert await rows(engine.pool) == found


async def test_a_second_projector_waits_for_the_first_and_finds_nothing_left(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarter = await begun(engine)
    await caught_up(projector_of(engine))
    await quarter.agree(quarter.staff[0])
    entered, go_on = asyncio.Event(), asyncio.Event()
    write = eventlog.projector._write

    async def slow(*arguments: Any) -> None:
        entered.set()
        await go_on.wait()
        await write(*arguments)

    monkeypatch.setattr(eventlog.projector, "_write", slow)
    first = asyncio.create_task(projector_of(engine).apply(quarter.organization))
    await entered.wait()
    second = asyncio.create_task(projector_of(engine).apply(quarter.organization))
    async with asyncio.timeout(5):
        while not await _somebody_waits(engine):
            await asyncio.sleep(0.01)
    go_on.set()
    assert (await first, await second) == (2, 0)


async def test_a_kill_between_rows_and_checkpoint_loses_and_doubles_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection dies after the rows are written: they go with it, and the next try starts where it stood."""
    quarter = await begun(engine)
    projector = projector_of(engine)
    await caught_up(projector)
    before = await rows(engine.pool)
    await quarter.agree(quarter.staff[0])
    write = eventlog.projector._write

    async def dies(connection: Any, *arguments: Any) -> None:
        await write(connection, *arguments)
        owner = await asyncpg.connect(engine.log._database_url)
        try:
            await owner.execute("select pg_terminate_backend($1)", connection.get_server_pid())
        finally:
            await owner.close()

    monkeypatch.setattr(eventlog.projector, "_write", dies)
    with pytest.raises(PASSING):
        await projector.step()
    assert await rows(engine.pool) == before
    assert not projector.stopped
    monkeypatch.setattr(eventlog.projector, "_write", write)
    assert await caught_up(projector) == await engine.log.last_position(quarter.organization) - _position(before)
    found = await rows(engine.pool)
    assert found != before
    await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert await rows(engine.pool) == found


async def test_what_cannot_be_read_stops_its_organization_just_before_it_and_no_other(engine: Engine) -> None:
    poisoned, well = await begun(engine), await begun(engine)
    await poisoned.agree(poisoned.staff[0])
    accepted = [
        event.position
        for event in await engine.log.read_feed(poisoned.organization)
        if event.type == "RevisionAccepted"
    ]
    await well.draft(well.staff[1])
    projector = projector_of(engine, codec=log_codec_without("RevisionAccepted"))
    stop = asyncio.Event()
    running = asyncio.create_task(projector.run(stop))
    async with asyncio.timeout(eventlog.projector.REST):
        while not projector.stopped:
            await asyncio.sleep(0.01)
        for _ in range(3):  # the others are served as quickly as ever, not after a rest
            await well.draft(well.staff[1])
            await _reached(engine, well.organization, await engine.log.last_position(well.organization))
    stop.set()
    await running
    assert set(projector.stopped) == {poisoned.organization}
    assert "RevisionAccepted" in projector.stopped[poisoned.organization]
    assert await _at(engine, poisoned.organization) == accepted[0] - 1
    last = await engine.log.last_position(poisoned.organization)
    assert await projector.lag() == last - accepted[0] + 1
    assert await caught_up(projector_of(engine)) == last - accepted[0] + 1, "a release that knows it goes on there"


async def test_an_error_of_our_own_in_one_organization_leaves_the_others_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = await begun(engine), await begun(engine)
    rows_of = Projection.rows_after
    tries: list[UUID] = []

    async def fails(self: Projection, organization: UUID, events: Sequence[Read], cycles: Any) -> Rows:
        tries.append(organization)
        if organization == broken.organization:
            raise KeyError("Bring the harbour back")
        return await rows_of(self, organization, events, cycles)

    monkeypatch.setattr(Projection, "rows_after", fails)
    projector = projector_of(engine)
    await caught_up(projector)
    await projector.step()
    assert tries.count(broken.organization) == 1, "it rests before it is tried again"
    assert projector.stopped == {broken.organization: "KeyError"}, "why, without a value that may be a text"
    assert await _at(engine, well.organization) == await engine.log.last_position(well.organization)
    assert await _at(engine, broken.organization) == 0
    monkeypatch.setattr(Projection, "rows_after", rows_of)
    projector._again.clear()  # as if it had rested
    await caught_up(projector)
    assert projector.stopped == {}
    assert await projector.lag() == 0


async def test_events_that_come_during_a_rebuild_are_there_after_the_switch(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that the live generation applies after the new one came near."""
    quarter = await begun(engine)
    lively = projector_of(engine)
    await caught_up(lively)
    switch = eventlog.rebuild._switch

    async def late(*arguments: Any) -> int:
        await quarter.agree(quarter.staff[0])
        await quarter.draft(quarter.staff[1])
        await caught_up(lively)
        return await switch(*arguments)

    monkeypatch.setattr(eventlog.rebuild, "_switch", late)
    report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert report.events == await engine.log.last_position(quarter.organization)
    assert await _at(engine, quarter.organization) == report.events
    assert [row["row"]["goals"] for row in (await rows(engine.pool))["board_rows"]].count(2) == 2
    await quarter.agree(quarter.staff[1])
    assert await caught_up(lively) > 0, "the projector goes on with the new generation"
    assert await live(engine.pool) == report.generation


async def test_live_positions_stand_still_while_a_rebuild_switches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the new generation could be served while the old one has already shown more."""
    quarter = await begun(engine)
    lively = projector_of(engine)
    await caught_up(lively)
    step, switch = Projector.step, eventlog.rebuild._switch
    blocked: list[bool] = []

    async def watched(self: Projector) -> int:
        applied = await step(self)
        await quarter.draft(quarter.staff[1])
        try:
            await asyncio.wait_for(lively.apply(quarter.organization), 0.3)
        except TimeoutError:
            blocked.append(True)
        return applied

    async def watching(*arguments: Any) -> int:
        monkeypatch.setattr(Projector, "step", watched)
        return await switch(*arguments)

    monkeypatch.setattr(eventlog.rebuild, "_switch", watching)
    await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    monkeypatch.setattr(Projector, "step", step)
    assert blocked == [True]
    assert await caught_up(lively) > 0


async def test_a_rebuild_under_steady_writing_ends(engine: Engine) -> None:
    quarter = await begun(engine)
    stop = asyncio.Event()
    lively = asyncio.create_task(projector_of(engine).run(stop))
    crowd = Crowd(quarter, 6)
    writing = asyncio.create_task(crowd.act(250))
    reports = [await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC) for _ in range(5)]
    assert not writing.done(), "the rebuilds ran while people wrote"
    await writing
    last = await engine.log.last_position(quarter.organization)
    async with asyncio.timeout(10):
        await _reached(engine, quarter.organization, last)
    stop.set()
    await lively
    assert await live(engine.pool) == reports[-1].generation
    found = await rows(engine.pool)
    await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert await rows(engine.pool) == found


async def test_a_kill_in_the_middle_of_a_rebuild_leaves_what_is_served_untouched(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarter = await begun(engine)
    await caught_up(projector_of(engine))
    before, was = await rows(engine.pool), await live(engine.pool)
    monkeypatch.setattr(eventlog.projector, "BATCH", 2)
    step = Projector.step
    half = asyncio.Event()

    async def slow(self: Projector) -> int:
        applied = await step(self)
        if half.is_set():
            await asyncio.Event().wait()
        half.set()
        return applied

    with monkeypatch.context() as patched:
        patched.setattr(eventlog.rebuild, "BATCH", 0)
        patched.setattr(Projector, "step", slow)
        dying = asyncio.create_task(rebuild_views(engine.pool, engine.log, DECIDERS, CODEC))
        await half.wait()
        left = await engine.pool.fetchval("select count(*) from goalcycle.view_generations")
        with pytest.raises(RebuildRunningError, match="another rebuild"):
            await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
    assert left == 2
    assert (await rows(engine.pool), await live(engine.pool)) == (before, was)
    report = await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert await rows(engine.pool) == before
    assert report.events == await engine.log.last_position(quarter.organization)
    assert await engine.pool.fetchval("select count(*) from goalcycle.view_generations") == 1


async def test_a_rebuild_never_shows_less_than_what_is_served(engine: Engine) -> None:
    """An older release must not take away what a newer one has shown."""
    quarter = await begun(engine)
    await quarter.agree(quarter.staff[0])
    await caught_up(projector_of(engine))
    before, was = await rows(engine.pool), await live(engine.pool)
    with pytest.raises(RebuildStoppedError, match="RevisionAccepted"):
        await rebuild_views(engine.pool, engine.log, DECIDERS, log_codec_without("RevisionAccepted"))
    assert (await rows(engine.pool), await live(engine.pool)) == (before, was)


async def test_one_stopped_organization_keeps_no_rebuild_from_the_others(engine: Engine) -> None:
    poisoned, well = await begun(engine), await begun(engine)
    await poisoned.agree(poisoned.staff[0])
    older = log_codec_without("RevisionAccepted")
    await caught_up(projector_of(engine, codec=older))
    before, was = await rows(engine.pool), await live(engine.pool)
    report = await rebuild_views(engine.pool, engine.log, DECIDERS, older)
    assert report.stopped == 1
    assert await live(engine.pool) > was
    assert await rows(engine.pool) == before
    assert await _at(engine, well.organization) == await engine.log.last_position(well.organization)


async def test_a_projector_that_waits_out_a_switch_goes_on_with_the_new_generation(engine: Engine) -> None:
    """The row that it waited for is gone after the switch; it must look again, not fall over."""
    quarter = await begun(engine)
    projector = projector_of(engine)
    await caught_up(projector)
    was = await live(engine.pool)
    await quarter.agree(quarter.staff[0])
    async with engine.pool.acquire() as connection:
        async with connection.transaction():
            await connection.execute("select from goalcycle.view_generations where state = 'live' for update")
            new = await connection.fetchval(
                "insert into goalcycle.view_generations (state) values ('building') returning generation"
            )
            waiting = asyncio.create_task(projector.apply(quarter.organization))
            async with asyncio.timeout(5):
                while not await _somebody_waits(engine):
                    await asyncio.sleep(0.01)
            await connection.execute("delete from goalcycle.view_generations where generation = $1", was)
            await connection.execute("update goalcycle.view_generations set state = 'live' where generation = $1", new)
        assert await waiting == await engine.log.last_position(quarter.organization)
    assert await live(engine.pool) == new


async def test_rows_hold_instants_and_never_go_stale_by_themselves(engine: Engine) -> None:
    quarter = await begun(engine)
    await caught_up(projector_of(engine))
    before = await rows(engine.pool)
    assert quarter.now is not None
    quarter.now += timedelta(days=30)
    assert await projector_of(engine).step() == 0
    await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
    assert await rows(engine.pool) == before


def _position(found: dict[str, list[Any]]) -> int:
    (checkpoint,) = found["view_checkpoints"]
    position: int = checkpoint["position"]
    return position


async def _at(engine: Engine, organization: UUID) -> int:
    """Up to which position the live generation shows an organization."""
    found: int | None = await engine.pool.fetchval(
        """select position from goalcycle.view_checkpoints c join goalcycle.view_generations g using (generation)
           where g.state = 'live' and organization = $1""",
        organization,
    )
    return found or 0


async def _reached(engine: Engine, organization: UUID, position: int) -> None:
    while await _at(engine, organization) < position:
        await asyncio.sleep(0.01)


async def _somebody_waits(engine: Engine) -> bool:
    found: bool = await engine.pool.fetchval(
        """select exists (select from pg_locks l join pg_stat_activity a using (pid)
           where not l.granted and a.datname = current_database())"""
    )
    return found
