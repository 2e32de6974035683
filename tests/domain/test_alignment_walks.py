"""R3.7: whatever owners ask, answer, revise and abandon, no circle comes of it, and every child learns of its parents.

Three plans with two goals each, where every random act has to do with alignment: the walks of `test_walks`, in which a
whole cycle happens, come to one only now and then. `make soak` runs it for long.
"""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.canonical import canonical_bytes
from domain.cycle.policy import Policy
from domain.messages import Command, Wake
from domain.plan.alignment import RequestAlignment
from domain.plan.alignment_answers import AcceptAlignment, DeclineAlignment
from domain.plan.dropping import AbandonGoal
from domain.plan.goal import Goal
from domain.plan.links import Edge, End
from domain.plan.negotiation import ProposeRevision
from domain.plan.talks import Side
from domain.problems import DomainError
from domain.registry import DECIDERS
from domain.sealed import OwnerText
from domain.values import SYSTEM
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, okr, who
from tests.support.sampling import SECONDS, walk

OWNERS = (STAFF, OTHER, HEAD)
COUNTERPART = {STAFF: HEAD, OTHER: HEAD, HEAD: LEAD}
NAMES = ("first", "second")
Named = tuple[UUID, str]
"""A goal by its plan's owner and its name."""
goals = st.tuples(st.sampled_from(OWNERS), st.sampled_from(NAMES))
parts = st.sampled_from([None, None, "berths", "steps"])


def id_of(named: Named) -> UUID:
    return who(f"{named[1]} of {named[0]}")


class Aligning(RuleBasedStateMachine):
    """Three owners and their goals."""

    @initialize()
    def begin(self) -> None:
        self.world = World().founded().opened(*OWNERS, policy=Policy(rounds_most=1_000))
        for owner in OWNERS:
            for name in NAMES:
                self.world.drafted(f"{name} of {owner}", owner, okr("50"))

    def goal(self, named: Named) -> Goal | None:
        return self.world.plan(named[0]).goals.get(id_of(named))

    def edges(self) -> list[tuple[UUID, Edge]]:
        """Of every plan, with its owner."""
        return [(owner, edge) for owner in OWNERS for edge in self.world.plan(owner).edges.values()]

    def send(self, actor: UUID, owner: UUID, command: Command) -> None:
        """Whatever it does to the agenda of another plan, it must wake it; no other plan's hash may move."""
        ref, known = self.world.plan_ref(owner), len(self.world.events)
        others = [other for other in OWNERS if other != owner]
        before = {other: (self.owed(other), self.world.hash(other)) for other in others}
        try:
            self.world.when(actor, ref, command)
        except DomainError as refusal:
            assert actor != SYSTEM
            event(refusal.code)
            return
        new = [happened for _, _, _, happened in self.world.events[known:]]
        for happened in new:
            event(type(happened).__name__)
        for other in others:
            owed, content = before[other]
            assert self.world.hash(other) == content, "a child's hash changed with its parent"
            assert self.owed(other) == owed or any(Wake.CHILDREN in happened.woken() for happened in new), (
                f"{type(command).__name__} changes what a child owes and does not wake it"
            )

    def owed(self, owner: UUID) -> frozenset[str]:
        return frozenset(duty.key for duty in self.world.agenda(self.world.plan_ref(owner)).due)

    @rule(child=goals, part=parts, parent=goals, of=parts, known=st.integers(0, 5))
    def asks(self, child: Named, part: str | None, parent: Named, of: str | None, known: int) -> None:
        above = self.goal(parent)
        seen = above.hash if above is not None and known else "1" * 64
        end = End(plan=self.world.plan_ref(parent[0]).stream, goal=id_of(parent), key_result=who(of) if of else None)
        edge = who(f"{child} {part} {parent} {of}")
        asked = RequestAlignment(
            edge=edge, goal=id_of(child), key_result=who(part) if part else None, parent=end, parent_hash=seen
        )
        self.send(child[0], child[0], asked)

    @rule(pick=st.integers(0, 40), right=st.integers(0, 5), declines=st.integers(0, 4), withdraws=st.booleans())
    def answers(self, pick: int, right: int, declines: int, withdraws: bool) -> None:
        edges = self.edges()
        if edges:
            owner, edge = edges[pick % len(edges)]
            actor = edge.parent_owner if right else OWNERS[pick % len(OWNERS)]
            accept = AcceptAlignment(edge=edge.id, hash=self.world.plan(owner).goal(edge.goal).hash)
            decline = DeclineAlignment(edge=edge.id, reason="It does not fit")
            self.send(owner if withdraws and not declines else actor, owner, accept if declines else decline)

    @rule(named=goals, title=st.sampled_from(["Here", "There", "Elsewhere"]))
    def revises(self, named: Named, title: str) -> None:
        self._revise(named, title)

    def _revise(self, named: Named, title: str) -> None:
        goal = self.goal(named)
        if goal is not None:
            actor = COUNTERPART[named[0]] if goal.turn is Side.COUNTERPART else named[0]
            changed = goal.definition.model_copy(update={"title": OwnerText(title)})
            self.send(actor, named[0], ProposeRevision(goal=goal.id, definition=changed))

    @rule(pick=st.integers(0, 40), title=st.sampled_from(["Here", "There", "Elsewhere"]), learns=st.booleans())
    def revises_a_parent(self, pick: int, title: str, learns: bool) -> None:
        """So that random walks get somewhere."""
        parents = [edge for _, edge in self.edges() if edge.state == "accepted"]
        if parents:
            edge = parents[pick % len(parents)]
            found = [
                (edge.parent_owner, name) for name in NAMES if id_of((edge.parent_owner, name)) == edge.parent.goal
            ]
            self._revise(found[0], title)
            if learns:
                self.workflows_do_what_is_due()

    @rule(named=goals, often=st.integers(0, 3))
    def abandons(self, named: Named, often: int) -> None:
        goal = self.goal(named)
        if goal is not None and not often:
            self.send(named[0], named[0], AbandonGoal(goal=goal.id, hash=goal.hash, reason="No longer"))

    @rule()
    def workflows_do_what_is_due(self) -> None:
        for owner in OWNERS:
            ref = self.world.plan_ref(owner)
            for duty in self.world.agenda(ref).due:
                self.send(SYSTEM, owner, duty.command)
            assert not self.world.agenda(ref).due, "something is owed for ever"
            for edge in self.world.plan(owner).edges.values():
                if edge.state == "accepted":
                    self._knows(edge)

    def _knows(self, edge: Edge) -> None:
        """The child was told of its parent as it is."""
        above = next(self.world.plan(one) for one in OWNERS if self.world.plan_ref(one).stream == edge.parent.plan)
        goal = above.goals.get(edge.parent.goal)
        assert edge.dropped == (goal is None)
        assert goal is None or (edge.changed_hash or edge.seen_hash) == goal.hash

    @invariant()
    def no_goal_lies_above_itself(self) -> None:
        pairs = [(edge.goal, edge.parent.goal) for _, edge in self.edges() if edge.state == "accepted"]
        for start in {child for child, _ in pairs}:
            reached, step = set[UUID](), {start}
            while step:
                step = {parent for child, parent in pairs if child in step} - reached
                reached |= step
            assert start not in reached, "a circle"

    def teardown(self) -> None:
        """The stored bytes give the states back."""
        for ref, live in getattr(self, "world", World()).states.items():
            state = DECIDERS[ref.kind].initial
            for other, _, _, happened in self.world.events:
                if other == ref:
                    stored = type(happened).model_validate_json(canonical_bytes(happened))
                    state = DECIDERS[ref.kind].evolve(state, stored)
            assert state == live


Aligning.TestCase.settings = walk(walks=25, steps=50)
TestAligning = pytest.mark.timeout(SECONDS)(Aligning.TestCase)
