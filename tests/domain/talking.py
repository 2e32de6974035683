"""What random people say to each other of a goal: rules for the walks of test_walks and test_state_machine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from domain.decider import Ref
from domain.goals import Ambition
from domain.messages import Command
from domain.plan.comments import CommentOnRevision, ResolveComment
from domain.plan.goal import Goal
from domain.plan.mediation import DecideMediation, RequestMediation
from domain.plan.negotiation import ProposeRevision
from domain.plan.objection import DecideObjection, ObjectToAssignment
from domain.plan.talks import Side
from domain.plan.withdrawing import WithdrawRevision
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, kpi, okr, who

OWNERS = (STAFF, TEAM)
owners = st.sampled_from(OWNERS)
goals = st.sampled_from(["okr", "kpi"])
speakers = st.sampled_from([LEAD, HEAD, HEAD, STAFF, STAFF, OTHER, OTHER, BOARD[0]])


class Talking(RuleBasedStateMachine):
    """Withdrawing, commenting, asking and answering, mediating, objecting and deciding."""

    world: World
    refs: dict[UUID, Ref]

    def send(self, actor: UUID, ref: Ref, command: Command) -> None:
        """Send it; refused or not, it may be sent again later."""
        raise NotImplementedError

    def spoken_of(self, owner: UUID, name: str) -> Goal | None:
        return self.world.plan(owner).goals.get(who(f"{name} of {owner}"))

    @rule(actor=speakers, owner=owners)
    def withdraws(self, actor: UUID, owner: UUID) -> None:
        found = self.spoken_of(owner, "okr")
        if found is not None:
            self.send(actor, self.refs[owner], WithdrawRevision(goal=found.id, hash=found.hash))

    @rule(actor=speakers, owner=owners, name=goals, how=st.sampled_from(["says", "blocks", "asks", "asks"]))
    def comments(self, actor: UUID, owner: UUID, name: str, how: str) -> None:
        found = self.spoken_of(owner, name)
        if found is not None:
            said = CommentOnRevision(
                goal=found.id,
                hash=found.hash,
                comment=who(f"comment {len(found.comments)}"),
                text="secret",
                blocking=how == "blocks",
                asks=how == "asks",
            )
            asked = self.world.directory.responsible(owner) if found.turn is Side.OWNER else HEAD
            self.send(asked if how == "asks" else actor, self.refs[owner], said)

    @rule(actor=speakers, owner=owners)
    def asks_for_mediation(self, actor: UUID, owner: UUID) -> None:
        found = self.spoken_of(owner, "okr")
        if found is not None:
            self.send(actor, self.refs[owner], RequestMediation(goal=found.id, hash=found.hash, reason="secret"))

    @rule(
        actor=speakers,
        owner=owners,
        outcome=st.sampled_from(["impose", "return"]),
        ambition=st.sampled_from([None, *Ambition]),
        mine=st.booleans(),
    )
    def mediates(self, actor: UUID, owner: UUID, outcome: str, ambition: Ambition | None, mine: bool) -> None:
        found = self.spoken_of(owner, "okr")
        if found is None:
            return
        said: dict[str, Any] = {"goal": found.id, "hash": found.hash, "outcome": outcome, "reason": "secret"}
        if ambition is not None and outcome == "impose":
            said["definition"] = okr(ambition=ambition)
        self.send(LEAD if mine else actor, self.refs[owner], DecideMediation.model_validate(said))

    @rule(actor=speakers, owner=owners, counter=st.integers(90, 100), mine=st.booleans())
    def objects(self, actor: UUID, owner: UUID, counter: int, mine: bool) -> None:
        found = self.spoken_of(owner, "kpi")
        if found is not None:
            said = {"goal": found.id, "hash": found.hash, "counter": counter, "reason": "secret"}
            person = self.world.directory.responsible(owner) if mine else actor
            self.send(person, self.refs[owner], ObjectToAssignment.model_validate(said))

    @rule(actor=speakers, owner=owners, wanted=st.sampled_from([None, None, "90", "95"]), mine=st.booleans())
    def decides_on_an_objection(self, actor: UUID, owner: UUID, wanted: str | None, mine: bool) -> None:
        found = self.spoken_of(owner, "kpi")
        if found is None:
            return
        said: dict[str, Any] = {"goal": found.id, "hash": found.hash, "outcome": "rejected", "reason": "secret"}
        if wanted is not None:
            said |= {"outcome": "upheld", "definition": kpi(target=wanted)}
        self.send(LEAD if mine else actor, self.refs[owner], DecideObjection.model_validate(said))

    @rule(owner=owners, wanted=st.sampled_from(["97", "98"]))
    def revises_an_assignment(self, owner: UUID, wanted: str) -> None:
        found = self.spoken_of(owner, "kpi")
        if found is not None:
            revision = ProposeRevision(goal=found.id, definition=kpi(target=wanted), reasons={"target": "secret"})
            self.send(HEAD, self.refs[owner], revision)

    @rule(actor=speakers, owner=owners, name=goals, mine=st.booleans(), answered=st.booleans())
    def resolves(self, actor: UUID, owner: UUID, name: str, mine: bool, answered: bool) -> None:
        found = self.spoken_of(owner, name)
        for id_, comment in found.comments.items() if found is not None else ():
            settling = {"goal": who(f"{name} of {owner}"), "comment": id_, "answer": "secret" if answered else None}
            self.send(comment.by if mine else actor, self.refs[owner], ResolveComment.model_validate(settling))
