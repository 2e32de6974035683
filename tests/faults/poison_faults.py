"""Poison in the log of another organization of the same database, and in requests, while everybody else writes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx

from api.auth import mint_token
from api.problems import PROBLEM_TYPE
from tests.faults.answers import accidents
from tests.faults.bodies import BODIES
from tests.faults.campaign import Fault
from tests.faults.future import GARBLED, NEWER, STRANGE, Unknown, plant
from tests.faults.system import System
from tests.support.quarter import Quarter, windows

DAY = 24 * 3600
EVENTS: tuple[Unknown, ...] = (STRANGE, NEWER, GARBLED)


class PoisonedLog(Fault):
    name = "poison-log"
    sentence = (
        "Events of an unknown type, an unknown version and an unreadable payload come into the log of another "
        "organization"
    )
    lasts = 3.0

    def __init__(self) -> None:
        self._planted: list[tuple[Quarter, Unknown, int]] = []

    async def strike(self, system: System) -> None:
        for event in EVENTS:
            quarter = Quarter(system.engine)
            await quarter.found()
            await quarter.open(timetable=windows(DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY))
            for owner in quarter.staff:
                await quarter.draft(owner)
            position = await plant(system.engine, quarter, quarter.plan_ref(quarter.staff[0]), event)
            self._planted.append((quarter, event, position))

    async def check(self, system: System) -> list[str]:
        found = []
        said = "\n".join(system.log_of(name) for name in system.names("projector"))
        for quarter, event, position in self._planted:
            stopped = [line for line in said.splitlines() if "projector.stopped" in line]
            if not any(str(quarter.organization) in line and f"position {position} " in line for line in stopped):
                found.append(f"no projector named the {event.type} at position {position}")
            await quarter.agree(quarter.staff[1])
            for owner, expected in zip(quarter.staff, (503, 200), strict=True):
                status = await seen(system, quarter, owner)
                if status != expected:
                    found.append(f"with {event.type} in one plan, a plan was answered {status}, not {expected}")
        return found + await accidents(system)


class PoisonedRequests(Fault):
    name = "poison-requests"
    sentence = "Invalid UTF-8, NUL characters, deep and endless JSON, huge numbers and megabytes come in as requests"
    lasts = 1.0

    def __init__(self) -> None:
        self._wrong: list[str] = []

    async def strike(self, system: System) -> None:
        quarter = Quarter(system.engine)
        await quarter.found()
        headers = authorized(system, quarter.organization, quarter.lead)
        headers |= {"Content-Type": "application/json", "If-Match": '"2"'}
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=headers) as caller:
            for url in system.api_urls:
                for what, content in BODIES.items():
                    place = f"{url}/v1/organizations/{quarter.organization}/directory/add-team"
                    answer = await caller.post(place, content=content)
                    known = answer.headers.get("content-type") == PROBLEM_TYPE
                    if not known or not 400 <= answer.status_code < 500:
                        self._wrong.append(f"{what} was answered {answer.status_code}")

    async def check(self, system: System) -> list[str]:
        return self._wrong + await accidents(system)


async def seen(system: System, quarter: Quarter, owner: UUID) -> int:
    """How an owner's question for the own plan is answered."""
    path = f"/v1/organizations/{quarter.organization}/plans/{quarter.plan_ref(owner).stream}"
    async with httpx.AsyncClient(trust_env=False, timeout=10) as caller:
        answer = await caller.get(system.api_urls[0] + path, headers=authorized(system, quarter.organization, owner))
    return answer.status_code


def authorized(system: System, organization: UUID, person: UUID) -> dict[str, str]:
    secret = system.settings.token_secret_path.read_text(encoding="ascii").strip()
    token = mint_token(secret, organization=organization, person=person, lasts=timedelta(minutes=5))
    return {"Authorization": f"Bearer {token}"}


FAULTS: tuple[Fault, ...] = (PoisonedLog(), PoisonedRequests())
