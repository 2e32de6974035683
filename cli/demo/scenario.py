"""The five phases as people live them. Every act is an HTTP request; time passes on Temporal's real timers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from cli.demo.acting import DemoFailed, until
from cli.demo.acts import Acts, moved_target
from cli.demo.cast import Part
from cli.demo.narration import Narrator, short
from cli.demo.scenes import Scenes

RICH = 3


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
        acts: Acts,
        narrator: Narrator,
        kpis: Sequence[AssignedKpi],
        kill_worker: Callable[[], Awaitable[None]],
    ) -> None:
        self._acts = acts
        self._tell = narrator.tell
        self._chapter = narrator.chapter
        self._kpis = kpis
        self._kill_worker = kill_worker
        self._parts = acts.cast.parts
        self._scenes = Scenes(acts, narrator)
        self._is_rich = len(self._parts) > RICH and len(kpis) > RICH
        """Whether there are people and goals enough for the harder scenes."""
        self._name = acts.name

    async def run(self) -> None:
        """Draft, negotiate, commit, track, retrospect."""
        await self._draft()
        await self._negotiate()
        await self._commit()
        await self._track()
        await self._retrospect()

    async def _draft(self) -> None:
        acts = self._acts
        self._chapter("Draft: levels write what they want to reach")
        assigned = [uuid4() for _ in self._kpis]
        for identity, kpi in zip(assigned, self._kpis, strict=True):
            await acts.assign(kpi.by, self._part_of(kpi.owner), identity, kpi.definition)
        if self._kpis:
            self._tell(f"{len(self._kpis)} KPIs are assigned from above: the guaranteed base")
        if self._is_rich:
            await self._scenes.objection(self._part_of(self._kpis[2].owner), assigned[2])
        for part in self._parts:
            for goal in await acts.okrs(part):
                await acts.propose(part.person, part, goal, goal["definition"])
        self._tell(f"{len(self._parts)} owners propose their OKRs")
        await self._closes_by_timer("negotiate")

    async def _negotiate(self) -> None:
        acts, late = self._acts, self._parts[-1]
        silent = self._part_of(self._kpis[0].owner) if self._kpis else None
        self._chapter("Negotiate: until both sides accept one content hash")
        await self._counter()
        if self._is_rich:
            await self._scenes.mediation(*await self._disputed())
        for part in self._parts:
            for goal in await acts.goals(part):
                if goal["definition"]["kind"] == "kpi" and part is not silent:
                    await acts.acknowledge(part, goal)
                elif goal["turn"] == "counterpart" and part is not late:
                    await acts.accept(part.counterpart, part, goal)
        self._tell(f"all agree but {self._name(late.counterpart)}, who keeps {self._name(late.owner)} waiting")
        if silent is not None:
            await acts.event("AssignmentServed", "a KPI that nobody acknowledged to be served")
            self._tell(f"{self._name(silent.owner)} never acknowledged: the assignment counts as served")
        failed = await acts.event("GateFailed", "the gate to be looked at by its deadline's timer")
        self._tell(f"deadline: the gate fails, blocked by {len(failed['data']['blockers'])}. It does not pass silently")
        self._tell(f"{self._name(failed['data']['escalated_to'])}, the facilitator, is told")
        for goal in await acts.okrs(late):
            await acts.accept(late.counterpart, late, goal)
        self._tell(f"{self._name(late.counterpart)} accepts at last, and the gate is looked at again")
        await self._closes_by_timer("commit")

    async def _commit(self) -> None:
        acts, changed, silent = self._acts, self._parts[0], self._parts[-1]
        self._chapter("Commit: the chain signs the plan's content hash")
        for part in self._parts:
            await acts.submit(part)
        self._tell(f"{len(self._parts)} plans are submitted")
        await acts.sign(changed)
        await self._change_after_signature(changed)
        if self._is_rich:
            await self._scenes.delegation(*self._away())
        while waiting := [part for part in self._parts if part is not silent and not await acts.signed(part)]:
            for part in waiting:
                await acts.sign(part)
        self._tell(f"every plan is signed but one: {self._name(silent.counterpart)} is silent")
        await self._kill_worker()
        self._tell("the worker is killed (SIGKILL). It is started again, and what fell due meanwhile is not forgotten")
        await self._escalation(silent)
        await self._closes_by_timer("track")

    async def _track(self) -> None:
        acts = self._acts
        self._chapter("Track: values, confidence, and one digest instead of many messages")
        for part in self._parts[::2]:
            for goal in await acts.goals(part):
                await acts.check_in(part, goal, Decimal("0.4"), final=False)
        self._tell(f"{len(self._parts[::2])} owners check in")
        if self._is_rich:
            await self._scenes.amendment(self._parts[1], (await acts.okrs(self._parts[1]))[0])
        digest = await acts.event("DigestSent", "the digest of check-ins")
        self._tell(f"the digest names {len(digest['data']['owners'])} owners who owe a check-in")
        for place, part in enumerate(self._parts):
            for goal in await acts.goals(part):
                await acts.check_in(part, goal, Decimal(5 + place % 6) / 10, final=True)
        self._tell("the final values are in")
        await self._closes_by_timer("retrospect")

    async def _retrospect(self) -> None:
        acts, quiet = self._acts, self._parts[-1]
        self._chapter("Retrospect: results, reflection, receipt")
        await acts.on_cycle("publish-results")
        results = (await acts.cycle())["results"]
        self._tell(f"{self._name(acts.cast.facilitator)} publishes {len(results)} results, KPI and OKR side by side:")
        for part in self._parts[:3]:
            result = results[str(part.plan)]
            kpi = f", KPI payout {result['kpi_payout']} %" if result["kpi_payout"] is not None else ""
            self._tell(f"  {self._name(part.owner)}: OKR {result['okr_score']}{kpi}")
        for part in self._parts:
            await acts.reflect(part, (await acts.goals(part))[0])
            if part is not quiet:
                body = {"result": results[str(part.plan)]["hash"], "how": "assent"}
                await acts.send(part.person, f"plans/{part.plan}/acknowledge-result", body)
        await acts.event("ResultServed", "an unanswered result to be served")
        self._tell(f"{self._name(quiet.owner)} does not answer: the result is deemed served")
        await acts.on_cycle("close-cycle")
        await until("the cycle to close", self._closed)
        self._tell("every gate held: the facilitator closes the cycle")

    # --- what makes a story of it ---

    async def _counter(self) -> None:
        """The first measured key result is countered: a higher target, for a reason, and the owner accepts."""
        acts = self._acts
        part, goal, place = await self._countered_goal()
        definition, path, before, after = moved_target(goal["definition"], place, Decimal("0.1"))
        await acts.propose(part.counterpart, part, goal, definition, {path: "Last quarter ended close to this."})
        title = short(goal["definition"]["key_results"][place]["title"], 36)
        self._tell(f"{self._name(part.counterpart)} counters {self._name(part.owner)}: “{title}” {before} → {after}")
        current = await acts.goal(part, goal["id"])
        await acts.accept(part.person, part, current)
        self._tell(f"{self._name(part.person)} accepts: both sides on hash {current['hash'][:8]}…")

    async def _change_after_signature(self, part: Part) -> None:
        """The owner changes a goal after a signature: it is void at once, and only the difference needs a look."""
        acts = self._acts
        goal = (await acts.okrs(part))[0]
        definition = {**goal["definition"], "title": f"{goal['definition']['title']} (by June)"}
        await acts.propose(part.person, part, goal, definition)
        voided = (await acts.plan(part))["state"]["voided"][-1]
        signer = self._name(voided["signature"]["signer"])
        self._tell(f"{self._name(part.owner)} changes a goal after {signer} signed: that signature is void at once")
        await acts.accept(part.counterpart, part, await acts.goal(part, goal["id"]))
        await acts.submit(part)

    async def _escalation(self, part: Part) -> None:
        acts = self._acts
        reminded = await acts.event("Reminded", "a reminder", stream=part.plan)
        self._tell(f"reminder to {', '.join(self._name(person) for person in reminded['data']['people'])}")
        raised = await acts.event("Escalated", "an escalation", stream=part.plan)
        to = raised["data"].get("to")
        self._tell(f"escalated to {self._name(to) if to else 'nobody: nobody is left above, the step stays pending'}")

        async def signed() -> bool:
            await acts.sign(part, first=UUID(to) if to else None)
            return await acts.signed(part)

        await until("the escalated plan to be signed", signed)
        signers = [item["signer"] for item in (await acts.plan(part))["state"]["signing"]["signatures"]]
        self._tell(f"signed by {' and '.join(self._name(person) for person in signers)}")

    async def _closes_by_timer(self, next_phase: str) -> None:
        await self._acts.phase(next_phase)
        self._tell(f"the timer closes the phase; now: {next_phase}")

    async def _closed(self) -> bool:
        return bool((await self._acts.cycle())["closed"])

    async def _disputed(self) -> tuple[Part, dict[str, Any]]:
        """A second OKR of somebody: the first ones have scenes of their own."""
        for part in self._parts[1:]:
            okrs = await self._acts.okrs(part)
            if len(okrs) > 1:
                return part, okrs[1]
        raise DemoFailed("nobody has a second OKR")

    def _away(self) -> tuple[Part, UUID]:
        """A plan whose first approver is away, and another of that approver's level who stands in."""
        people = {part.person for part in self._parts}
        for part in self._parts[1:-1]:
            above = self._acts.cast.manager(part.counterpart)
            for other in sorted(people - {part.person, part.counterpart}):
                if above is not None and self._acts.cast.manager(other) == above:
                    return part, other
        raise DemoFailed("nobody can stand in for anybody")

    def _part_of(self, owner: UUID) -> Part:
        return next(part for part in self._parts if part.owner == owner)

    async def _countered_goal(self) -> tuple[Part, dict[str, Any], int]:
        """The first measured key result; where the file has none, the first key result."""
        first: tuple[Part, dict[str, Any], int] | None = None
        for part in self._parts[:-1] or self._parts:
            for goal in await self._acts.okrs(part):
                first = first or (part, goal, 0)
                for place, result in enumerate(goal["definition"]["key_results"]):
                    if result["kind"] != "milestones":
                        return part, goal, place
        if first is None:
            raise DemoFailed("no plan has an OKR to negotiate")
        return first
