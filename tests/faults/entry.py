"""`goalcycle run PART` with named points in it: `python -m tests.faults.entry PART NAME`.

The part is the real one, served by the real command's own loop. Unless a point is armed, all that differs from
`goalcycle run` is the name that it announces itself by, so that several processes of one part can be told apart.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from temporalio import activity

import cli.serve.ready
import cli.temporal
from cli.commands.run import _serve
from cli.logs import configure_logs
from domain.decider import Ref
from domain.messages import Kind
from eventlog.agendas import Agendas, Performed
from eventlog.log import AppendRequest, AppendResult
from eventlog.postgres import PostgresLog
from eventlog.relay import Nudge
from eventlog.settings import Settings
from tests.faults.points import AFTER_APPEND, BEFORE_APPEND, IN_HEARTBEAT, SHUFFLED_NUDGES, Points

HELD_SECONDS = 30.0
"""A duty is held up for so long at most: it leaves its local activity, and then has to beat."""
LATEST_NUDGE = 0.5
"""Seconds by which a shuffled nudge is late at most."""


def inject(part: str, points: Points) -> None:
    """Put the points into this process."""
    _into_append(part, points)
    if part == "worker":
        _into_heartbeat(part, points)
    if part == "relay":
        _into_nudges(part, points)


def _into_append(part: str, points: Points) -> None:
    original = PostgresLog.append

    async def append(self: PostgresLog, organization: UUID, requests: Sequence[AppendRequest]) -> list[AppendResult]:
        points.strike(part, BEFORE_APPEND)
        results = await original(self, organization, requests)
        points.strike(part, AFTER_APPEND)
        return results

    PostgresLog.append = append  # type: ignore[method-assign]


def _into_heartbeat(part: str, points: Points) -> None:
    beat, perform = activity.heartbeat, Agendas.perform

    def heartbeat(*details: Any) -> None:
        beat(*details)
        points.strike(part, IN_HEARTBEAT)

    async def held(self: Agendas, organization: UUID, ref: Ref, duty_key: str, now: datetime) -> Performed:
        until = asyncio.get_running_loop().time() + HELD_SECONDS
        while points.is_armed(part, IN_HEARTBEAT) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.05)
        return await perform(self, organization, ref, duty_key, now)

    activity.heartbeat = heartbeat
    Agendas.perform = held  # type: ignore[method-assign]


def _into_nudges(part: str, points: Points) -> None:
    original = cli.temporal.nudger
    choose = random.Random(os.environ.get("GOALCYCLE_FAULTS_SEED"))
    late: set[asyncio.Task[None]] = set()

    def nudger(*arguments: Any, **options: Any) -> Nudge:
        nudge = original(*arguments, **options)

        async def again(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
            await asyncio.sleep(choose.uniform(0, 2 * LATEST_NUDGE))
            await nudge(organization, kind, stream, position, own)

        async def shuffled(organization: UUID, kind: Kind, stream: UUID, position: int, own: int) -> None:
            if points.is_armed(part, SHUFFLED_NUDGES):
                for _ in range(choose.randint(0, 2)):
                    copy = asyncio.create_task(again(organization, kind, stream, position, own))
                    late.add(copy)
                    copy.add_done_callback(late.discard)
                await asyncio.sleep(choose.uniform(0, LATEST_NUDGE))
            await nudge(organization, kind, stream, position, own)

        return shuffled

    cli.temporal.nudger = nudger


def main(part: str, name: str) -> None:
    """Serve a part under a name of its own."""
    settings = Settings()
    configure_logs(settings, part)

    def announce(part: str) -> None:
        del part
        print(json.dumps({"ready": name}), flush=True)

    cli.serve.ready.announce = announce
    inject(part, Points(settings.home))
    asyncio.run(_serve(part, settings))


if __name__ == "__main__":
    main(*sys.argv[1:])
