"""Seeded clients that write real commands over HTTP and remember what came of each.

A client never gives up a run because of a fault: what it is not told, it notes as unknown, and sometimes asks again
with the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from domain.decider import Ref
from domain.directory.state import DIRECTORY
from tests.faults.crowd import Crowd
from tests.faults.ground import BRIEF, POLICY
from tests.faults.sending import Nothing
from tests.faults.sent import Verdict
from tests.faults.talks import Talker


async def act_all(crowd: Crowd) -> None:
    """All clients act until the crowd is stopped; returns when the last answer is in."""
    await asyncio.gather(*(Client(crowd, number).run() for number in range(crowd.pace.clients)))


class Client(Talker):
    """One client: acts, waits, acts again."""

    async def run(self) -> None:
        acts: dict[Callable[[], Awaitable[None]], int] = {
            self._check_in: 50,
            self._revise: 14,
            self._accept: 12,
            self._submit: 8,
            self._sign: 12,
            self._send_back: 2,
            self._brief_cycle: 4,
            self._publish: 4,
            self._pulse: 5,
            self._add_person: 1,
            self.mediate: 8,
            self.object: 5,
            self.withdraw: 3,
            self.move: 3,
            self.amend: 6,
            self.delegate: 2,
            self._nonsense: 3,
        }
        names, weights = list(acts), list(acts.values())
        while self._crowd.running:
            with suppress(Nothing):
                await self._random.choices(names, weights)[0]()
            await asyncio.sleep(self._random.uniform(0, 2 * self._crowd.pace.pause))

    async def probe(self, url: str) -> bool:
        """Whether one API process acknowledges a check-in now; it counts like every other command."""
        goal = self._ground.tracked[0]
        marker = self.marker()
        body = {
            "goal": str(goal.goal),
            "readings": [{"measure": str(measure), "value": marker} for measure in goal.measures],
            "confidence": "0.5",
            "status": "on_track",
        }
        order, sent = self.order(goal.owner, Ref("plan", goal.plan), "CheckIn", body, marker=marker)
        sent.tries.append(await self.ask(order, url))
        return sent.verdict is Verdict.ACKNOWLEDGED

    # --- acts ---

    async def _check_in(self) -> None:
        goal = self._random.choice(self._ground.tracked)
        marker = self.marker()
        body = {
            "goal": str(goal.goal),
            "readings": [{"measure": str(measure), "value": marker} for measure in goal.measures],
            "confidence": str(self._random.randint(0, 10) / 10),
            "status": self._random.choice(["on_track", "at_risk", "off_track"]),
            "narrative": f"What client {self._number} saw",
        }
        await self.send(goal.owner, Ref("plan", goal.plan), "CheckIn", body, marker=marker)

    async def _revise(self) -> None:
        owner, plan, goal, tag = await self.goal_seen("okr", self._ground.signing)
        marker, (first, *others) = self.marker(), goal["definition"]["key_results"]
        definition = goal["definition"] | {"key_results": [first | {"target": marker}, *others]}
        body = {"goal": goal["id"], "definition": definition}
        await self.send(self.side(goal, owner), Ref("plan", plan), "ProposeRevision", body, tag=tag, marker=marker)

    async def _accept(self) -> None:
        owner, plan, goal, _ = await self.goal_seen("okr", self._ground.signing)
        body = {"goal": goal["id"], "hash": goal["hash"]}
        await self.send(self.side(goal, owner), Ref("plan", plan), "AcceptRevision", body)

    async def _submit(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self.see(owner, f"plans/{plan}")
        await self.send(owner, Ref("plan", plan), "SubmitPlan", {"hash": seen["content_hash"]})

    async def _sign(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self.see(owner, f"plans/{plan}")
        waiting = seen["signature"]
        asked = [UUID(person) for person in waiting["may_sign"]] if waiting else []
        signer = self._random.choice(asked or [self._ground.head])
        await self.send(signer, Ref("plan", plan), "SignPlan", {"hash": seen["content_hash"]})

    async def _send_back(self) -> None:
        owner, plan = self._any_plan()
        seen, _ = await self.see(owner, f"plans/{plan}")
        if self._random.random() < 0.5:
            await self.send(owner, Ref("plan", plan), "RecallPlan", {"reason": "One more thought"})
        else:
            body = {"hash": seen["content_hash"], "reason": "Not yet"}
            await self.send(self._ground.head, Ref("plan", plan), "RejectPlan", body)

    async def _brief_cycle(self) -> None:
        """A cycle without participants: its phases close by duties, until its results must be published."""
        if not self._crowd.may_open_brief(asyncio.get_running_loop().time()):
            return
        cycle = uuid5(self._ground.organization, f"{self._crowd.seed}/{self._number}/{self._sent}")
        now = datetime.now(UTC)
        body = {
            "name": "A brief one",
            "facilitator": str(self._ground.lead),
            "period": {"starts": now.isoformat(), "ends": (now + timedelta(days=90)).isoformat()},
            "windows": BRIEF.model_dump(mode="json"),
            "policy": POLICY.model_dump(mode="json"),
        }
        self._ground.brief.append(cycle)
        await self.send(self._ground.lead, Ref("cycle", cycle), "OpenCycle", body)

    async def _pulse(self) -> None:
        """The facilitator closes the draft phase of a cycle that is written to, or opens it again."""
        cycle = self._ground.pulse
        seen, tag = await self.see(self._ground.lead, f"cycles/{cycle}")
        if seen["state"]["phase"] == "draft":
            await self.send(self._ground.lead, Ref("cycle", cycle), "AdvancePhase", {}, tag=tag)
        else:
            await self._reopen(cycle, "draft", tag, timedelta(days=1))

    async def _reopen(self, cycle: UUID, phase: str, tag: str, lasts: timedelta) -> None:
        until = (datetime.now(UTC) + lasts).isoformat()
        body = {"phase": phase, "until": until, "reason": "There is more to say"}
        await self.send(self._ground.lead, Ref("cycle", cycle), "ReopenPhase", body, tag=tag)

    async def _publish(self) -> None:
        """What a brief cycle waits for; now and then one that was closed is opened again."""
        for cycle in self._ground.brief[-8:]:
            with suppress(Nothing):  # its opening may have been refused, or lost
                seen, tag = await self.see(self._ground.lead, f"cycles/{cycle}")
                state = seen["state"]
                if state["closed"] and self._random.random() < 0.05:
                    await self._reopen(cycle, "retrospect", tag, timedelta(seconds=3))
                elif not state["closed"] and state["phase"] == "retrospect" and state["results_served_at"] is None:
                    await self.send(self._ground.lead, Ref("cycle", cycle), "PublishResults", {}, tag=tag)

    async def _add_person(self) -> None:
        _, tag = await self.see(self._ground.lead, "")
        newcomer = uuid5(self._ground.organization, f"{self._crowd.seed}/{self._number}/{self._sent}/person")
        body = {"person": str(newcomer), "name": "A newcomer", "manager": str(self._ground.head)}
        await self.send(self._ground.lead, DIRECTORY, "AddPerson", body, tag=tag)

    async def _nonsense(self) -> None:
        """What the rules refuse must leave no trace."""
        owner, plan = self._any_plan()
        stranger = self._random.choice(self._ground.board)
        if self._random.random() < 0.5:
            await self.send(stranger, Ref("plan", plan), "SubmitPlan", {"hash": "0" * 64})
        else:
            await self.send(owner, Ref("plan", plan), "SignPlan", {"hash": "0" * 64})

    def _any_plan(self) -> tuple[UUID, UUID]:
        """Owner and id of a plan that waits for signatures."""
        return self._random.choice([*self._ground.signing.items()])
