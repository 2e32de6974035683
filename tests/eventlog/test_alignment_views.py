"""R3.7: the children of a goal are found by a read model, which a rebuild gives back row for row."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from cli.composition import CODEC
from domain.registry import DECIDERS
from eventlog.rebuild import rebuild_views
from eventlog.views import PostgresViews
from tests.support.asking import accept, ask, end_it
from tests.support.projecting import caught_up, projector_of, rows
from tests.support.quarter import Quarter, open_engine_on, windows

HOURS = windows(*(hour * 3600 for hour in range(1, 6)))


async def test_r3_7_the_children_of_a_goal_are_those_that_ask_or_were_accepted(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine, simulated=True, now=datetime(2027, 1, 4, 9, tzinfo=UTC))
        await quarter.found()
        await quarter.open(timetable=HOURS)
        one, two = quarter.staff
        above, below = await quarter.draft_alone(one), await quarter.draft_alone(two)
        views, projector = PostgresViews(engine.pool), projector_of(engine)

        async def children(limit: int = 10) -> list[UUID]:
            await caught_up(projector)
            found = await views.children(quarter.organization, quarter.plan_ref(one).stream, above, limit)
            assert found["position"] == await engine.log.last_position(quarter.organization)
            assert {plan for plan, _ in found["items"]} <= {quarter.plan_ref(two).stream}
            return [edge for _, edge in found["items"]]

        assert await children() == []
        asked = await ask(quarter, (two, below), (one, above))
        assert await children() == [asked.edge]
        await accept(quarter, asked)
        assert await children() == [asked.edge]
        await end_it(quarter, asked, by=one)
        assert await children() == []
        _, kpi = await quarter.draft(two)
        again = [await ask(quarter, (two, goal), (one, above)) for goal in (below, kpi) if goal != asked.goal]
        await end_it(quarter, asked, by=two)
        again.append(await ask(quarter, (two, below), (one, above)))
        assert await children() == sorted(one.edge for one in again)
        assert len(await children(limit=1)) == 1
        before = await rows(engine.pool)
        assert len(before["alignment_rows"]) == 2
        await rebuild_views(engine.pool, engine.log, DECIDERS, CODEC)
        assert await rows(engine.pool) == before
        assert await children() == sorted(one.edge for one in again)
