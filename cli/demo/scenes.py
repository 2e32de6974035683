"""The harder scenes: what people disagree on, who stands in for whom, and what changes after everybody has signed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from cli.demo.acts import Acts, moved_target, seen
from cli.demo.cast import Part
from cli.demo.narration import Narrator, short

AWAY = timedelta(hours=1)


class Scenes:
    """Scenes of one cycle, each begun and ended within a phase."""

    def __init__(self, acts: Acts, narrator: Narrator) -> None:
        self._acts = acts
        self._tell = narrator.tell
        self._name = acts.name

    async def objection(self, part: Part, goal: UUID) -> None:
        """The owner objects to an assigned KPI; who stands above the assigner upholds it with another target (R4.2)."""
        acts = self._acts
        assigned = await acts.goal(part, str(goal))
        definition = assigned["definition"]
        counter = between(definition["threshold"], definition["target"])
        body = {**seen(assigned), "counter": str(counter), "reason": "Two of our three docks are closed in March."}
        await acts.send(part.person, f"plans/{part.plan}/object-to-assignment", body)
        objected = await acts.event("AssignmentObjected", "the objection", stream=part.plan)
        decider = UUID(objected["data"]["decider"])
        title = short(definition["title"], 36)
        self._tell(f"{self._name(part.owner)} objects to “{title}”: {counter} instead of {definition['target']}")
        body = {
            **seen(assigned),
            "outcome": "upheld",
            "definition": {**definition, "target": str(counter)},
            "reason": "The closure was known when the target was set.",
        }
        await acts.send(decider, f"plans/{part.plan}/decide-objection", body)
        self._tell(f"{self._name(decider)}, above who assigned it, upholds the objection: the target is {counter}")

    async def mediation(self, part: Part, goal: Mapping[str, Any]) -> None:
        """Three rounds without agreement; somebody above both sides imposes a committed revision (R4.3)."""
        acts, place = self._acts, 0
        higher, path, before, after = moved_target(goal["definition"], place, Decimal("0.3"))
        await acts.propose(part.counterpart, part, goal, higher, {path: "Our rivals are there already."})
        lower, _, _, back = moved_target(goal["definition"], place, Decimal("0.05"))
        await acts.propose(part.person, part, await acts.goal(part, goal["id"]), lower, {path: "With this team, no."})
        current = await acts.goal(part, goal["id"])
        title = short(goal["definition"]["title"], 36)
        self._tell(f"three rounds on “{title}”: {plain(before)}, {plain(after)}, {plain(back)}. No agreement")
        body = {**seen(current), "reason": "We have said everything three times."}
        await acts.send(part.counterpart, f"plans/{part.plan}/request-mediation", body)
        opened = await acts.event("MediationOpened", "the mediation", stream=part.plan)
        mediator = UUID(opened["data"]["mediator"])
        middle, _, _, ends = moved_target(goal["definition"], place, Decimal("0.15"))
        body = {
            **seen(current),
            "outcome": "impose",
            "definition": {**middle, "ambition": "committed"},
            "reason": "The middle can be reached with one engineer more, whom I will send.",
        }
        await acts.send(mediator, f"plans/{part.plan}/decide-mediation", body)
        self._tell(f"{self._name(mediator)} mediates, and imposes {plain(ends)}: committed, and marked as imposed")

    async def delegation(self, part: Part, to: UUID) -> None:
        """An approver is away: what waits for them moves to their delegate, who signs in their name (R5.5)."""
        acts, away = self._acts, part.counterpart
        body = {"delegation": uuid4(), "to": to, "ends": (datetime.now(UTC) + AWAY).isoformat()}
        await acts.send(away, "directory/delegate", body)
        await acts.sign(part, first=to)
        signatures = (await acts.plan(part))["state"]["signing"]["signatures"]
        told = f"{self._name(signatures[-1]['signer'])} signs {self._name(part.owner)}'s plan for {self._name(away)}"
        self._tell(f"{self._name(away)} is away: {told}")

    async def amendment(self, part: Part, goal: Mapping[str, Any]) -> None:
        """A signed plan is eased for a reason; what was signed is in force until the chain signs anew (R5.7)."""
        acts = self._acts
        body = {"reason": "The supplier of the second machine is bankrupt."}
        await acts.send(part.person, f"plans/{part.plan}/request-amendment", body)
        eased, path, before, after = moved_target(goal["definition"], 0, Decimal("-0.2"))
        await acts.propose(part.person, part, goal, eased, {path: "Without the second machine no more can be made."})
        await acts.accept(part.counterpart, part, await acts.goal(part, goal["id"]))
        await acts.submit(part)
        signers = 0
        while not await acts.signed(part):
            await acts.sign(part)
            signers += 1
        change = f"{plain(before)} → {plain(after)}"
        self._tell(f"{self._name(part.owner)} amends a signed plan: {change}; {signers} people sign it anew")


def plain(number: Decimal) -> str:
    """As people write it: no zeros behind the last digit that says something."""
    return f"{number.normalize():f}"


def between(one: str, other: str) -> Decimal:
    """A value halfway."""
    return (Decimal(one) + Decimal(other)) / 2
