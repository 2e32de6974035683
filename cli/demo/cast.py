"""Who is who in the demo, and which goals are whose: read through the API like anybody would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cli.demo.acting import Stage
from domain.values import plan_id


@dataclass(frozen=True)
class Part:
    """A plan with the people around it."""

    plan: UUID
    owner: UUID
    person: UUID
    """Who answers for it."""
    counterpart: UUID
    """Who negotiates and signs first."""


class Cast:
    """The organization's people and the cycle's plans."""

    def __init__(self, directory: Mapping[str, Any], cycle: UUID, facilitator: UUID, owners: list[UUID]) -> None:
        self.cycle = cycle
        self.facilitator = facilitator
        self._people = directory["people"]
        self._teams = directory["teams"]
        self.board = sorted(UUID(key) for key, person in self._people.items() if "board_approver" in person["roles"])
        self.parts = [self._part(owner) for owner in owners]

    @classmethod
    async def read(cls, stage: Stage, cycle: UUID, facilitator: UUID) -> Cast:
        """The cast of a cycle."""
        directory = await stage.see(facilitator)
        state = (await stage.see(facilitator, f"cycles/{cycle}"))["state"]
        return cls(directory["state"], cycle, facilitator, [UUID(owner) for owner in state["participants"]])

    def name(self, person: UUID | str) -> str:
        """What somebody is called."""
        found = self._people.get(str(person)) or self._teams.get(str(person))
        return str(found["name"]) if found else "goalcycle"

    def manager(self, person: UUID) -> UUID | None:
        """Whom somebody reports to."""
        found = self._people[str(person)]["manager"]
        return UUID(found) if found else None

    def _part(self, owner: UUID) -> Part:
        team = self._teams.get(str(owner))
        person = UUID(team["lead"]) if team else owner
        counterpart = self.manager(person) or next(other for other in self.board if other != person)
        return Part(plan_id(self.cycle, owner), owner, person, counterpart)
