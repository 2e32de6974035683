"""The five phases as people live them. Every act is an HTTP request; time passes on Temporal's real timers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from cli.demo.acting import DemoFailed, Stage, until
from cli.demo.cast import Cast, Part
from cli.demo.narration import Narrator, short


@dataclass(frozen=True)
class AssignedKpi:
    """A KPI that somebody assigns to an owner in the course of the demo."""

    by: UUID
    owner: UUID
    definition: Mapping[str, Any]


class Scenario:
    """One cycle from its import to its close."""

    def __init__(
        self,
        stage: Stage,
        cast: Cast,
        narrator: Narrator,
        kpis: Sequence[AssignedKpi],
        ticks: Mapping[UUID, Sequence[UUID]],
        kill_worker: Callable[[], Awaitable[None]],
    ) -> None:
        self._stage = stage
        self._cast = cast
        self._tell = narrator.tell
        self._chapter = narrator.chapter
        self._kpis = kpis
        self._ticks = ticks
        """The milestones that the file has ticked, by key result."""
        self._kill_worker = kill_worker

    async def run(self) -> None:
        """Draft, negotiate, commit, track, retrospect."""
        await self._draft()
        await self._negotiate()
        await self._commit()
        await self._track()
        await self._retrospect()

    # --- the five phases ---

    async def _draft(self) -> None:
        self._chapter("Draft: levels write what they want to reach")
        for kpi in self._kpis:
            plan = next(part.plan for part in self._cast.parts if part.owner == kpi.owner)
            body = {"cycle": self._cast.cycle, "owner": kpi.owner, "goal": uuid4(), "definition": kpi.definition}
            await self._act(kpi.by, f"plans/{plan}/assign-goal", body)
        if self._kpis:
            self._tell(f"{len(self._kpis)} KPIs are assigned from above, the guaranteed base")
        for part in self._cast.parts:
            for goal in await self._okrs(part):
                await self._propose(part.person, part, goal, goal["definition"])
        self._tell(f"{len(self._cast.parts)} owners propose their OKRs")
        await self._phase("negotiate")

    async def _negotiate(self) -> None:
        self._chapter("Negotiate: until both sides accept one content hash")
        late = self._cast.parts[-1]
        await self._counter()
        for part in self._cast.parts:
            for goal in await self._goals(part):
                if goal["definition"]["kind"] == "kpi" and part is not self._kpi_parts()[0]:
                    await self._act(part.person, f"plans/{part.plan}/acknowledge-assignment", _seen(goal))
                elif goal["definition"]["kind"] == "okr" and part is not late and goal["turn"] == "counterpart":
                    await self._accept(part.counterpart, part, goal)
        self._tell(f"all agree but {self._name(late.counterpart)}, who has not answered {self._name(late.owner)}")
        failed = await self._event("GateFailed", "the gate to be looked at by its deadline's timer")
        self._tell(
            f"the timer looks at the gate: {len(failed['data']['blockers'])} checks fail. It does not pass silently, "
            f"{self._name(failed['data']['escalated_to'])} is told"
        )
        for goal in await self._okrs(late):
            await self._accept(late.counterpart, late, goal)
        self._tell(f"{self._name(late.counterpart)} accepts at last")
        await self._phase("commit")

    async def _commit(self) -> None:
        self._chapter("Commit: the chain signs the plan's content hash")
        silent, changed = self._silent_part(), self._changed_part()
        for part in self._cast.parts:
            await self._submit(part)
        self._tell(f"{len(self._cast.parts)} plans are submitted")
        await self._kill_worker()
        self._tell("the worker is killed (SIGKILL). People go on signing: the log does not need it")
        await self._sign(changed)
        await self._change_after_signature(changed)
        while waiting := [part for part in self._cast.parts if part is not silent and not await self._signed(part)]:
            for part in waiting:
                await self._sign(part)
        self._tell(f"every plan is signed but {self._name(silent.owner)}'s: {self._name(silent.counterpart)} is silent")
        await self._escalation(silent)
        await self._phase("track")

    async def _track(self) -> None:
        self._chapter("Track: values, confidence, and one digest instead of many messages")
        for part in self._cast.parts[::2]:
            for goal in await self._goals(part):
                await self._check_in(part, goal, Decimal("0.4"), final=False)
        digest = await self._event("DigestSent", "the digest of check-ins", after=self._stage.acknowledged[0].first)
        self._tell(f"the digest reminds {len(digest['data']['owners'])} owners who owe a check-in")
        for place, part in enumerate(self._cast.parts):
            for goal in await self._goals(part):
                await self._check_in(part, goal, Decimal(5 + place % 6) / 10, final=True)
        self._tell("the final values are in")
        await self._phase("retrospect")

    async def _retrospect(self) -> None:
        self._chapter("Retrospect: results, reflection, receipt")
        await self._act(self._cast.facilitator, f"cycles/{self._cast.cycle}/publish-results", {}, edits=True)
        results = (await self._cycle())["results"]
        self._tell(f"{self._name(self._cast.facilitator)} publishes {len(results)} results, KPI and OKR side by side")
        quiet = self._cast.parts[-1]
        for part in self._cast.parts:
            goal = (await self._goals(part))[0]
            reflection = {
                "what_happened": "We reached part of it.",
                "why": "The first weeks went into what we had not planned.",
                "learned": "Begin with the riskiest key result.",
                "next_step": "keep",
            }
            await self._act(part.person, f"plans/{part.plan}/reflect", {"goal": goal["id"], **reflection})
            if part is not quiet:
                receipt = {"result": results[str(part.plan)]["hash"], "how": "assent"}
                await self._act(part.person, f"plans/{part.plan}/acknowledge-result", receipt)
        await self._event("ResultServed", "an unanswered result to be served")
        self._tell(f"{self._name(quiet.owner)} answers nothing: the result is deemed served")
        await self._act(self._cast.facilitator, f"cycles/{self._cast.cycle}/close-cycle", {}, edits=True)
        await until("the cycle to close", self._closed)
        self._tell("every gate held: the cycle is closed")

    # --- what makes a story of it ---

    async def _counter(self) -> None:
        """The first measured key result is countered: a higher target, for a reason, and the owner accepts."""
        part, goal, place = await self._measured_goal(0)
        definition, path, before, after = _moved_target(goal["definition"], place, Decimal("0.1"))
        reasons = {path: "The last quarter ended close to this already."}
        await self._propose(part.counterpart, part, goal, definition, reasons)
        self._tell(
            f"{self._name(part.counterpart)} counters {self._name(part.owner)}: "
            f"“{short(goal['definition']['key_results'][place]['title'])}” {before} → {after}, with a reason"
        )
        current = next(item for item in await self._okrs(part) if item["id"] == goal["id"])
        await self._accept(part.person, part, current)
        self._tell(f"{self._name(part.person)} accepts: both sides on hash {current['hash'][:8]}…")

    async def _change_after_signature(self, part: Part) -> None:
        """The owner changes a goal after a signature: it is void at once, and only the difference needs a look."""
        goal = (await self._okrs(part))[0]
        definition = {**goal["definition"], "title": f"{goal['definition']['title']} *"}
        await self._propose(part.person, part, goal, definition)
        plan = await self._plan(part)
        voided = plan["state"]["voided"]
        self._tell(
            f"{self._name(part.owner)} changes a goal after {self._name(voided[-1]['signature']['signer'])} signed: "
            f"the signature is void ({voided[-1]['reason']})"
        )
        current = next(item for item in await self._okrs(part) if item["id"] == goal["id"])
        await self._accept(part.counterpart, part, current)
        await self._submit(part)

    async def _escalation(self, part: Part) -> None:
        reminded = await self._event("Reminded", "a reminder", stream=part.plan)
        self._tell(f"reminder to {', '.join(self._name(person) for person in reminded['data']['people'])}")
        raised = await self._event("Escalated", "an escalation", stream=part.plan)
        to = raised["data"].get("to")
        self._tell(f"escalated to {self._name(to) if to else 'nobody: the step stays pending'}")

        async def signed() -> bool:
            await self._sign(part)
            return await self._signed(part)

        await until("the escalated plan to be signed", signed)
        signers = [item["signer"] for item in (await self._plan(part))["state"]["signing"]["signatures"]]
        self._tell(f"signed by {' and '.join(self._name(person) for person in signers)}")

    # --- single acts ---

    async def _propose(
        self, actor: UUID, part: Part, goal: Mapping[str, Any], definition: Any, reasons: Any = None
    ) -> None:
        body = {"goal": goal["id"], "definition": definition, "reasons": reasons or {}}
        await self._act(actor, f"plans/{part.plan}/propose-revision", body, edits=True)

    async def _accept(self, actor: UUID, part: Part, goal: Mapping[str, Any]) -> None:
        await self._act(actor, f"plans/{part.plan}/accept-revision", _seen(goal))

    async def _submit(self, part: Part) -> None:
        plan = await self._plan(part)
        await self._act(part.person, f"plans/{part.plan}/submit-plan", {"hash": plan["content_hash"]})

    async def _sign(self, part: Part) -> None:
        """Whoever may sign the step that waits signs it; nothing where nobody may."""
        plan = await self._plan(part)
        waiting = plan["signature"]
        if waiting and waiting["may_sign"]:
            signer = UUID(waiting["may_sign"][0])
            await self._act(signer, f"plans/{part.plan}/sign-plan", {"hash": plan["content_hash"]})

    async def _check_in(self, part: Part, goal: Mapping[str, Any], share: Decimal, *, final: bool) -> None:
        body = {
            "goal": goal["id"],
            "readings": [self._reading(measure, share) for measure in _measures(goal)],
            "confidence": str(share),
            "status": "on_track" if share >= Decimal("0.5") else "at_risk",
            "final": final,
        }
        await self._act(part.person, f"plans/{part.plan}/check-in", body)

    def _reading(self, measure: Mapping[str, Any], share: Decimal) -> dict[str, Any]:
        if "milestones" in measure:
            steps = [step["id"] for step in measure["milestones"]]
            ticked = self._ticks.get(UUID(measure["id"]))
            done = [str(step) for step in ticked] if ticked is not None else steps[: int(len(steps) * share)]
            return {"measure": measure["id"], "done": done}
        start, target = Decimal(measure["baseline"]), Decimal(measure["target"])
        return {"measure": measure["id"], "value": str(start + (target - start) * share)}

    async def _act(self, actor: UUID, path: str, body: Mapping[str, Any], *, edits: bool = False) -> None:
        await self._stage.act(actor, path, _jsonable(body), edits=edits)

    # --- looking ---

    async def _cycle(self) -> dict[str, Any]:
        state = await self._stage.see(self._cast.facilitator, f"cycles/{self._cast.cycle}")
        return dict(state["state"])

    async def _closed(self) -> bool:
        return bool((await self._cycle())["closed"])

    async def _plan(self, part: Part) -> dict[str, Any]:
        return await self._stage.see(self._cast.facilitator, f"plans/{part.plan}")

    async def _signed(self, part: Part) -> bool:
        return bool((await self._plan(part))["signed"])

    async def _goals(self, part: Part) -> list[dict[str, Any]]:
        return list((await self._plan(part))["state"]["goals"].values())

    async def _okrs(self, part: Part) -> list[dict[str, Any]]:
        return [goal for goal in await self._goals(part) if goal["definition"]["kind"] == "okr"]

    async def _phase(self, phase: str) -> None:
        async def reached() -> bool:
            return bool((await self._cycle())["phase"] == phase)

        await until(f"the {phase} phase", reached)
        self._tell(f"the phase closes by its timer; now: {phase}")

    async def _event(self, kind: str, what: str, *, after: int = 0, stream: UUID | None = None) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            events = await self._stage.feed(self._cast.facilitator, after)
            fitting = [event for event in events if event["type"] == kind]
            return next((event for event in fitting if stream is None or event["stream"]["id"] == str(stream)), None)

        return await until(what, found)

    def _name(self, person: UUID | str) -> str:
        return self._cast.name(person)

    def _kpi_parts(self) -> list[Part | None]:
        owners = {kpi.owner for kpi in self._kpis}
        return [part for part in self._cast.parts if part.owner in owners] or [None]

    def _silent_part(self) -> Part:
        return self._cast.parts[-1]

    def _changed_part(self) -> Part:
        return self._cast.parts[0]

    async def _measured_goal(self, start: int) -> tuple[Part, dict[str, Any], int]:
        """A goal with a measured key result; where the file has none, milestones are countered by weight."""
        for part in self._cast.parts[start:]:
            for goal in await self._okrs(part):
                for place, result in enumerate(goal["definition"]["key_results"]):
                    if result["kind"] != "milestones":
                        return part, goal, place
        for part in self._cast.parts[start:]:
            for goal in await self._okrs(part):
                return part, goal, 0
        raise DemoFailed("no plan has an OKR to negotiate")


def _seen(goal: Mapping[str, Any]) -> dict[str, Any]:
    return {"goal": goal["id"], "hash": goal["hash"]}


def _measures(goal: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    definition = goal["definition"]
    if definition["kind"] == "okr":
        return list(definition["key_results"])
    return [{"id": goal["id"], "baseline": definition["threshold"], "target": definition["stretch"]}]


def _moved_target(
    definition: Mapping[str, Any], place: int, share: Decimal
) -> tuple[dict[str, Any], str, Decimal, Decimal]:
    """The definition with one key result's target a share further from its baseline; of milestones, its weight."""
    results = [dict(result) for result in definition["key_results"]]
    result = results[place]
    if result["kind"] == "milestones":
        name, before, after = "weight", Decimal(result["weight"]), Decimal(result["weight"]) + 1
    else:
        before = Decimal(result["target"])
        name, after = "target", before + (before - Decimal(result["baseline"])) * share
    result[name] = str(after)
    return {**definition, "key_results": results}, f"key_results.{result['id']}.{name}", before, after


def _jsonable(body: Any) -> Any:
    if isinstance(body, Mapping):
        return {key: _jsonable(value) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [_jsonable(value) for value in body]
    return str(body) if isinstance(body, UUID) else body
