"""Single acts of people, and what they look at: the vocabulary that the story is told in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from cli.demo.acting import Stage, until
from cli.demo.cast import Cast, Part


class Acts:
    """Acts of a cast on a stage."""

    def __init__(self, stage: Stage, cast: Cast, ticks: Mapping[UUID, tuple[UUID, ...]]) -> None:
        self.stage = stage
        self.cast = cast
        self._ticks = ticks
        """The milestones that the imported file has ticked, by key result."""

    # --- acting ---

    async def send(self, actor: UUID, path: str, body: Mapping[str, Any], *, edits: bool = False) -> None:
        """Somebody sends a command to a stream."""
        await self.stage.act(actor, path, _jsonable(body), edits=edits)

    async def on_cycle(self, command: str) -> None:
        """The facilitator sends a command without content."""
        await self.send(self.cast.facilitator, f"cycles/{self.cast.cycle}/{command}", {}, edits=True)

    async def assign(self, by: UUID, part: Part, goal: UUID, definition: Mapping[str, Any]) -> None:
        """Somebody above assigns a KPI."""
        body = {"cycle": self.cast.cycle, "owner": part.owner, "goal": goal, "definition": definition}
        await self.send(by, f"plans/{part.plan}/assign-goal", body)

    async def acknowledge(self, part: Part, goal: Mapping[str, Any]) -> None:
        """The owner receives a KPI."""
        await self.send(part.person, f"plans/{part.plan}/acknowledge-assignment", seen(goal))

    async def propose(
        self, actor: UUID, part: Part, goal: Mapping[str, Any], definition: Any, reasons: Any = None
    ) -> None:
        """A side puts a revision on the table."""
        body = {"goal": goal["id"], "definition": definition, "reasons": reasons or {}}
        await self.send(actor, f"plans/{part.plan}/propose-revision", body, edits=True)

    async def accept(self, actor: UUID, part: Part, goal: Mapping[str, Any]) -> None:
        """The other side accepts exactly what is on the table."""
        await self.send(actor, f"plans/{part.plan}/accept-revision", seen(goal))

    async def submit(self, part: Part) -> None:
        """The owner asks the chain to sign."""
        plan = await self.plan(part)
        await self.send(part.person, f"plans/{part.plan}/submit-plan", {"hash": plan["content_hash"]})

    async def sign(self, part: Part, first: UUID | None = None) -> None:
        """Somebody who may sign the step that waits signs it, `first` if they may; nothing where nobody may."""
        plan = await self.plan(part)
        waiting = plan["signature"]
        if waiting and waiting["may_sign"]:
            may_sign = [UUID(person) for person in waiting["may_sign"]]
            signer = first if first in may_sign else may_sign[0]
            await self.send(signer, f"plans/{part.plan}/sign-plan", {"hash": plan["content_hash"]})

    async def check_in(self, part: Part, goal: Mapping[str, Any], share: Decimal, *, final: bool) -> None:
        """The owner reports a goal that came so far of its way; milestones as the imported file ticked them."""
        body = {
            "goal": goal["id"],
            "readings": [self._reading(measure, share) for measure in _measures(goal)],
            "confidence": str(share),
            "status": "on_track" if share >= Decimal("0.5") else "at_risk",
            "final": final,
        }
        await self.send(part.person, f"plans/{part.plan}/check-in", body)

    async def reflect(self, part: Part, goal: Mapping[str, Any]) -> None:
        """The owner says what was learned."""
        body = {
            "goal": goal["id"],
            "what_happened": "We reached part of it.",
            "why": "The first weeks went into what we had not planned.",
            "learned": "Begin with the riskiest key result.",
            "next_step": "keep",
        }
        await self.send(part.person, f"plans/{part.plan}/reflect", body)

    def _reading(self, measure: Mapping[str, Any], share: Decimal) -> dict[str, Any]:
        if "milestones" in measure:
            steps = [step["id"] for step in measure["milestones"]]
            ticked = self._ticks.get(UUID(measure["id"]))
            done = [str(step) for step in ticked] if ticked else steps[: int(len(steps) * share)]
            return {"measure": measure["id"], "done": done}
        start, target = Decimal(measure["baseline"]), Decimal(measure["target"])
        return {"measure": measure["id"], "value": str(start + (target - start) * share)}

    # --- looking ---

    def name(self, person: UUID | str) -> str:
        """What somebody is called."""
        return self.cast.name(person)

    async def cycle(self) -> dict[str, Any]:
        """The cycle as the facilitator sees it."""
        seen = await self.stage.see(self.cast.facilitator, f"cycles/{self.cast.cycle}")
        return dict(seen["state"])

    async def plan(self, part: Part) -> dict[str, Any]:
        """A plan, with what it waits for."""
        return await self.stage.see(self.cast.facilitator, f"plans/{part.plan}")

    async def signed(self, part: Part) -> bool:
        """Whether every step of a plan's chain has signed."""
        return bool((await self.plan(part))["signed"])

    async def goals(self, part: Part) -> list[dict[str, Any]]:
        """The goals of a plan."""
        return list((await self.plan(part))["state"]["goals"].values())

    async def okrs(self, part: Part) -> list[dict[str, Any]]:
        """The OKRs of a plan."""
        return [goal for goal in await self.goals(part) if goal["definition"]["kind"] == "okr"]

    async def goal(self, part: Part, goal: str) -> dict[str, Any]:
        """One goal as it is now."""
        return next(item for item in await self.goals(part) if item["id"] == goal)

    async def event(self, kind: str, what: str, stream: UUID | None = None) -> dict[str, Any]:
        """Wait until the log has an event of this kind. Raises DemoFailed."""

        async def found() -> dict[str, Any] | None:
            events = await self.stage.feed(self.cast.facilitator)
            fitting = [event for event in events if event["type"] == kind]
            return next((event for event in fitting if stream is None or event["stream"]["id"] == str(stream)), None)

        return await until(what, found)

    async def phase(self, phase: str) -> None:
        """Wait until the cycle is in a phase. Raises DemoFailed."""

        async def reached() -> bool:
            return bool((await self.cycle())["phase"] == phase)

        await until(f"the {phase} phase", reached)


def seen(goal: Mapping[str, Any]) -> dict[str, Any]:
    """What a decision on a goal names."""
    return {"goal": goal["id"], "hash": goal["hash"]}


def moved_target(
    definition: Mapping[str, Any], place: int, share: Decimal
) -> tuple[dict[str, Any], str, Decimal, Decimal]:
    """The definition with one key result's target a share further from its baseline; of milestones, its weight.

    Returns it with the changed path, and the value before and after.
    """
    results = [dict(result) for result in definition["key_results"]]
    result = results[place]
    if result["kind"] == "milestones":
        name, before = "weight", Decimal(result["weight"])
        after = before + 1
    else:
        name, before = "target", Decimal(result["target"])
        after = before + (before - Decimal(result["baseline"])) * share
    result[name] = str(after)
    return {**definition, "key_results": results}, f"key_results.{result['id']}.{name}", before, after


def _measures(goal: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    definition = goal["definition"]
    if definition["kind"] == "okr":
        return list(definition["key_results"])
    return [{"id": goal["id"], "baseline": definition["threshold"], "target": definition["stretch"]}]


def _jsonable(body: Any) -> Any:
    if isinstance(body, Mapping):
        return {key: _jsonable(value) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [_jsonable(value) for value in body]
    return str(body) if isinstance(body, UUID) else body
