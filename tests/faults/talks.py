"""What clients do besides writing and signing: they talk, go to a mediator, object, hand over, amend, move goals.

Each act looks first and does the next thing that what it sees asks for, so that a talk gets somewhere however many
clients lead it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.decider import Ref
from domain.directory.state import DIRECTORY
from tests.faults.crowd import Crowd
from tests.faults.sending import Nothing, Sender

REASON = "There is a reason"
Seen = Mapping[str, Any]
"""A plan or a goal as the API shows it."""


class Talker(Sender):
    """Somebody who does these things."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        super().__init__(crowd, number)
        self._delegations: list[str] = []
        """Those that were asked for, whether or not they came about."""

    async def mediate(self) -> None:
        """A side asks for mediation, or the mediator imposes the revision on the table, or gives it back."""
        owner, plan, goal, _ = await self.goal_seen("okr")
        about = {"goal": goal["id"], "hash": goal["hash"], "reason": REASON}
        if goal["turn"] is None:
            raise Nothing
        if goal["mediation"] is None:
            await self.send(self.side(goal, owner), Ref("plan", plan), "RequestMediation", about)
            return
        outcome: dict[str, Any] = {"outcome": "return"}
        if self._random.random() < 0.5:
            outcome = {"outcome": "impose", "definition": goal["definition"] | {"ambition": "committed"}}
        await self.send(self._ground.lead, Ref("plan", plan), "DecideMediation", about | outcome)

    async def object(self) -> None:
        """A KPI is assigned otherwise, objected to, decided on."""
        owner, plan, goal, tag = await self.goal_seen("kpi")
        definition, objection = goal["definition"], goal["objection"]
        about = {"goal": goal["id"], "hash": goal["hash"], "reason": REASON}
        if goal["receipt"] is None and objection is not None and objection["outcome"] is None:
            await self.send(self._ground.lead, Ref("plan", plan), "DecideObjection", about | {"outcome": "rejected"})
        elif goal["receipt"] in (None, "served"):
            counter = str(self._random.randint(81, 119))
            await self.send(owner, Ref("plan", plan), "ObjectToAssignment", about | {"counter": counter})
        else:
            target = str(self._random.randint(8_100, 11_900) / 100)
            revised = {"goal": goal["id"], "definition": definition | {"target": target}}
            await self.send(self._ground.head, Ref("plan", plan), "ProposeRevision", revised, tag=tag)

    async def withdraw(self) -> None:
        """Whoever waits for the other side takes back what they proposed."""
        owner, plan, goal, _ = await self.goal_seen("okr")
        if goal["before"] is None:
            raise Nothing
        author = owner if goal["turn"] == "counterpart" else self._ground.head
        await self.send(author, Ref("plan", plan), "WithdrawRevision", {"goal": goal["id"], "hash": goal["hash"]})

    async def move(self) -> None:
        """A goal goes into another plan of the cycle; somebody above both owners sends it."""
        kind = self._random.choice(["okr", "kpi"])
        owner, plan, goal, _ = await self.goal_seen(kind)
        to = self._random.choice([other for other in self._ground.pulsing if other != owner])
        moved = {"goal": goal["id"], "hash": goal["hash"], "cycle": str(self._ground.pulse), "to_owner": str(to)}
        sender = self._random.choice([self._ground.head, self._ground.lead])
        await self.send(sender, Ref("plan", plan), "TransferGoal", moved | {"reason": REASON})

    async def amend(self) -> None:
        """A plan that is tracked is amended, signed anew or reverted; check-ins come all the while."""
        goal = self._random.choice(self._ground.tracked)
        seen, tag = await self.see(goal.owner, f"plans/{goal.plan}")
        ref, state = Ref("plan", goal.plan), seen["state"]
        if state["amendment"] is None:
            await self.send(goal.owner, ref, "RequestAmendment", {"reason": REASON})
        elif state["signing"] is not None:
            asked = [UUID(person) for person in (seen["signature"] or {}).get("may_sign", [])]
            signer = self._random.choice(asked or [self._ground.head])
            await self.send(signer, ref, "SignPlan", {"hash": seen["content_hash"]})
        elif self._random.random() < 0.4:
            await self.send(self._ground.head, ref, "RevertToSigned", {"reason": REASON})
        else:
            await self._amend_further(goal.owner, ref, seen, tag)

    async def _amend_further(self, owner: UUID, ref: Ref, seen: Seen, tag: str) -> None:
        """The amended goal is revised, accepted, and the plan submitted anew."""
        found = next(one for one in seen["state"]["goals"].values() if one["definition"]["kind"] == "okr")
        about = {"goal": found["id"], "hash": found["hash"]}
        if found["turn"] is not None:
            await self.send(self.side(found, owner), ref, "AcceptRevision", about)
        elif self._random.random() < 0.5:
            await self.send(owner, ref, "SubmitPlan", {"hash": seen["content_hash"]})
        else:
            first, *others = found["definition"]["key_results"]
            marker = self.marker()
            definition = found["definition"] | {"key_results": [first | {"target": marker}, *others]}
            sent = {"goal": found["id"], "definition": definition}
            await self.send(owner, ref, "ProposeRevision", sent, tag=tag, marker=marker)

    async def delegate(self) -> None:
        """The head's approvals go to somebody of the board for a few seconds, or until they are taken back."""
        if self._delegations and self._random.random() < 0.4:
            await self.send(self._ground.head, DIRECTORY, "EndDelegation", {"delegation": self._delegations.pop()})
            return
        given = str(uuid5(self._ground.organization, f"{self._crowd.seed}/{self._number}/{self._sent}/delegation"))
        ends = datetime.now(UTC) + timedelta(seconds=self._random.uniform(2, 20))
        body = {"delegation": given, "to": str(self._random.choice(self._ground.board)), "ends": ends.isoformat()}
        self._delegations.append(given)
        await self.send(self._ground.head, DIRECTORY, "Delegate", body)

    # --- what is seen ---

    async def goal_seen(
        self, kind: str, more: Mapping[UUID, UUID] | None = None
    ) -> tuple[UUID, UUID, dict[str, Any], str]:
        """A goal of the cycle that is written to, or of one of `more`: its plan's owner, its plan, what is shown of it,
        the plan's tag.
        """
        owner, plan = self._random.choice([*self._ground.pulsing.items(), *(more or {}).items()])
        seen, tag = await self.see(owner, f"plans/{plan}")
        goals = [goal for goal in seen["state"]["goals"].values() if goal["definition"]["kind"] == kind]
        if not goals:
            raise Nothing
        return owner, plan, self._random.choice(goals), tag

    def side(self, goal: Seen, owner: UUID) -> UUID:
        """Who has to answer; either side where nobody has."""
        return {"owner": owner, "counterpart": self._ground.head}.get(goal["turn"]) or self._random.choice(
            [owner, self._ground.head]
        )
