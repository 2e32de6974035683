"""What random people say to each other of a goal: rules for the walks of test_walks and test_state_machine."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from domain.decider import Ref
from domain.messages import Command
from domain.plan.comments import CommentOnRevision, ResolveComment
from domain.plan.state import Goal, Side
from domain.plan.withdrawing import WithdrawRevision
from tests.support.given import BOARD, HEAD, LEAD, OTHER, STAFF, TEAM, World, who

OWNERS = (STAFF, TEAM)
owners = st.sampled_from(OWNERS)
goals = st.sampled_from(["okr", "kpi"])
speakers = st.sampled_from([LEAD, HEAD, HEAD, STAFF, STAFF, OTHER, OTHER, BOARD[0]])


class Talking(RuleBasedStateMachine):
    """Withdrawing, commenting, asking and answering."""

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

    @rule(actor=speakers, owner=owners, name=goals, mine=st.booleans(), answered=st.booleans())
    def resolves(self, actor: UUID, owner: UUID, name: str, mine: bool, answered: bool) -> None:
        found = self.spoken_of(owner, name)
        for id_, comment in found.comments.items() if found is not None else ():
            settling = {"goal": who(f"{name} of {owner}"), "comment": id_, "answer": "secret" if answered else None}
            self.send(comment.by if mine else actor, self.refs[owner], ResolveComment.model_validate(settling))
