"""`verify rules` finds an event that its rule did not allow, in a log whose every hash holds."""

from __future__ import annotations

from dataclasses import replace

from cli.composition import CODEC
from domain.cycle.windows import Phase
from eventlog.log import Recorded
from eventlog.postgres import PostgresLog
from eventlog.rules import verify_rules
from tests.support.quarter import Quarter, open_engine_on, windows


class Forged:
    """A log in which one event was sent by somebody else."""

    def __init__(self, log: PostgresLog, position: int, **changes: object) -> None:
        self._log = log
        self._position = position
        self._changes = changes

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)

    async def read_feed(self, *arguments: object, **more: object) -> list[Recorded]:
        found = await self._log.read_feed(*arguments, **more)  # type: ignore[arg-type]
        return [replace(one, **self._changes) if one.position == self._position else one for one in found]  # type: ignore[arg-type]


async def test_r8_a_quarters_commands_were_allowed_and_a_forged_one_is_found(database: str) -> None:
    async with open_engine_on(database) as engine:
        quarter = Quarter(engine)
        await quarter.found()
        await quarter.open(timetable=windows(3600, 7200, 10800, 14400, 18000))
        for owner in quarter.staff:
            await quarter.draft(owner)
            await quarter.agree(owner)
        while (await quarter.state()).phase is not Phase.COMMIT:
            await quarter.advance()
        for owner in quarter.staff:
            await quarter.submit(owner)
            await quarter.sign(owner)
        report = await verify_rules(engine.log, CODEC, quarter.organization)
        assert report.holds, report.fault
        assert report.commands > 20
        assert report.commands + report.silent == report.events == await engine.log.last_position(quarter.organization)
        records = await engine.log.read_feed(quarter.organization, limit=1000)
        signed = next(record for record in records if record.type == "PlanSigned")
        forged = Forged(engine.log, signed.position, actor=quarter.staff[1])
        report = await verify_rules(forged, CODEC, quarter.organization)  # type: ignore[arg-type]
        assert report.fault == f"position {signed.position}: plan.chain did not allow PlanSigned to its actor"
        assert report.last_position == signed.position - 1
