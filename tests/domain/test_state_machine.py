"""Random people send random commands from any phase on; the model of `model.py` judges every event that comes of them.

Besides what `test_walks` compares: a duty is done once and then no longer due (the log answers a repeated key with what
it did the first time), and whatever changes another stream's agenda wakes it.
`make soak` runs it for long.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from domain.decider import Ref
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson
from domain.directory.state import DIRECTORY, Role
from domain.messages import Command, Wake
from domain.plan.dropping import AbandonGoal
from domain.plan.moving import MoveKeyResult
from domain.plan.negotiation import ProposeRevision
from domain.plan.sharing import AcceptShare, AddContributor
from domain.plan.tracking import CheckIn
from domain.plan.transferring import TransferGoal
from domain.values import SYSTEM
from tests.domain.model import Model
from tests.domain.test_walks import PERSON_OF, AnyWalk, goals, owners
from tests.support.given import HEAD, LEAD, OTHER, STAFF, World, increase, milestones, okr, who
from tests.support.sampling import SECONDS, walk

Owed = tuple[frozenset[str], datetime | None, bool, bool]


class CycleMachine(AnyWalk):
    """A walk whose every event is judged."""

    def __init__(self) -> None:
        super().__init__()
        self.judged = 0
        self.done: set[tuple[Ref, str]] = set()

    def learn(self) -> None:
        super().learn()
        if not self.judged:
            self.judge = Model(self.world.cycle)
        for event in self.world.events[self.judged :]:
            self.judge.see(*event)
        self.judged = len(self.world.events)
        self.judge.whole()

    def send(self, actor: UUID, ref: Ref, command: Command) -> None:
        before, known = self.owed(), len(self.world.events)
        super().send(actor, ref, command)
        wakes = frozenset[Wake]().union(*(event.woken() for *_, event in self.world.events[known:]))
        after = self.owed()
        for other in before:
            if other != ref and before[other] != after[other]:
                needed = Wake.PARENT if (ref.kind, other.kind) == ("plan", "cycle") else Wake.CHILDREN
                assert needed in wakes, (
                    f"{type(command).__name__} changes what a {other.kind} owes and does not wake it"
                )

    @rule(role=st.sampled_from([(), (Role.BOARD_APPROVER,)]), manager=st.sampled_from([LEAD, None]))
    def somebody_joins(self, role: tuple[Role, ...], manager: UUID | None) -> None:
        newcomer = who(f"newcomer {len(self.world.directory.people)}")
        self.send(LEAD, DIRECTORY, AddPerson(person=newcomer, name="Somebody", manager=manager, roles=role))

    @rule(person=st.sampled_from([HEAD, STAFF, OTHER]), manager=st.sampled_from([LEAD, HEAD]), days=st.integers(0, 9))
    def a_line_changes_from_a_date(self, person: UUID, manager: UUID, days: int) -> None:
        begins = self.world.now + timedelta(days=days)
        self.send(LEAD, DIRECTORY, SetManager(person=person, manager=manager, valid_from=begins))

    @rule(owner=owners, name=goals, final=st.booleans())
    def reports_one_goal(self, owner: UUID, name: str, final: bool) -> None:
        goal = who(f"{name} of {owner}")
        report = CheckIn(goal=goal, confidence="0.4", status="at_risk", final=final)
        self.send(PERSON_OF[owner], self.refs[owner], report)

    @rule(owner=owners, name=goals, by=st.sampled_from([STAFF, OTHER, HEAD]))
    def gives_a_goal_up(self, owner: UUID, name: str, by: UUID) -> None:
        goal = who(f"{name} of {owner}")
        found = self.world.plan(owner).goals.get(goal)
        given_up = AbandonGoal(goal=goal, hash=found.hash if found else "0" * 64, reason="The harbour is sold")
        self.send(by, self.refs[owner], given_up)

    @rule(owner=owners, name=goals, of=owners, by=st.sampled_from([LEAD, HEAD, STAFF]))
    def moves_a_goal(self, owner: UUID, name: str, of: UUID, by: UUID) -> None:
        goal, to = who(f"{name} of {of}"), next(one for one in PERSON_OF if one != owner)
        found = self.world.plan(owner).goals.get(goal)
        seen = found.hash if found else "0" * 64
        moved = TransferGoal(goal=goal, hash=seen, cycle=self.world.cycle, to_owner=to, reason="It is theirs now")
        self.send(by, self.refs[owner], moved)

    @rule(owner=owners, by=st.sampled_from([HEAD, HEAD, STAFF]), back=st.booleans())
    def moves_a_key_result(self, owner: UUID, by: UUID, back: bool) -> None:
        """Into the goal of the other plan, which has measures of its own first."""
        to = next(one for one in PERSON_OF if one != owner)
        goal, other = who(f"okr of {owner}"), who(f"okr of {to}")
        if not back:
            cranes = okr(key_results=(increase("cranes"),))
            reasons = {f"key_results.{who(name)}": "They run the cranes" for name in ("berths", "steps", "cranes")}
            revision = ProposeRevision(goal=other, definition=cranes, reasons=reasons)
            self.send(PERSON_OF[to], self.refs[to], revision)
        seen = [self.world.plan(of).goals.get(id_) for of, id_ in ((owner, goal), (to, other))]
        moved = MoveKeyResult(
            goal=goal,
            hash=seen[0].hash if seen[0] else "0" * 64,
            key_result=who("steps"),
            to_goal=other,
            to_hash=seen[1].hash if seen[1] else "0" * 64,
            to_plan=self.refs[to].stream,
            reason="They run the cranes",
        )
        self.send(by, self.refs[owner], moved)

    @rule(owner=owners, person=st.sampled_from([STAFF, OTHER, HEAD]), share=st.sampled_from(["0.4", "0.7"]))
    def shares_a_goal(self, owner: UUID, person: UUID, share: str) -> None:
        asked = AddContributor(goal=who(f"okr of {owner}"), person=person, share=share)
        self.send(PERSON_OF[owner], self.refs[owner], asked)
        self.send(person, self.refs[owner], AcceptShare(goal=asked.goal, share=share))

    @rule(owner=owners)
    def reorders(self, owner: UUID) -> None:
        """The same key results in another order are another content, and no change to speak of."""
        turned = okr(key_results=(milestones(), increase()))
        self.send(PERSON_OF[owner], self.refs[owner], ProposeRevision(goal=who(f"okr of {owner}"), definition=turned))

    def owed(self) -> dict[Ref, Owed]:
        """What each stream owes, as far as its workflow sleeps by it."""
        agendas = {ref: self.world.agenda(ref) for ref in self.streams(self.world)}
        return {
            ref: (frozenset(duty.key for duty in found.due), found.next_due, found.closed, found.watching)
            for ref, found in agendas.items()
        }

    def duties_are_done(self, ref: Ref) -> None:
        for duty in self.world.agenda(ref).due:
            known = len(self.world.events)
            self.send(SYSTEM, ref, duty.command)
            if len(self.world.events) > known:
                self.note(ref, duty.key, self.done)

    def note(self, ref: Ref, key: str, done: set[tuple[Ref, str]]) -> None:
        assert (ref, key) not in done, f"{key} is owed again: the log would never do it"
        done.add((ref, key))

    @invariant()
    def each_duty_is_done_once_and_no_longer_due(self) -> None:
        """Tried on a copy, for in the world itself workflows may be late."""
        world = World(self.world.now, self.world.cycle, dict(self.world.states), [])
        done, moved = set(self.done), True
        while moved:
            moved = False
            for ref in self.streams(world):
                for duty in world.agenda(ref).due:
                    if world.when(SYSTEM, ref, duty.command):
                        self.note(ref, duty.key, done)
                        moved = True
        assert [world.agenda(ref).due for ref in self.streams(world) if world.agenda(ref).due] == []


CycleMachine.TestCase.settings = walk(walks=14, steps=25)
TestCycleMachine = pytest.mark.timeout(SECONDS)(CycleMachine.TestCase)
