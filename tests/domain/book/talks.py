"""What the second book holds negotiation to: rounds, mediation, objections, what is taken back."""

from __future__ import annotations

from uuid import UUID

from domain.goals import goal_hash
from domain.messages import Event
from domain.plan import (
    going_up,
    mediation,
    negotiation,
    objection,
    withdrawing,
)
from tests.domain.book.kept import ROUNDS, Book, Goal, Plan


def proposed(book: Book, plan: Plan, actor: UUID, event: negotiation.RevisionProposed) -> None:
    goal = plan.goals[event.goal]
    assert event.hash == goal_hash(event.definition)
    assert event.hash != goal.hash or (goal.rounds == 0 and goal.kind == "okr"), "nothing was changed"
    assert goal.kind == "okr" or actor != plan.person, "an owner negotiated a KPI"
    assert event.side == book.side(plan, actor)
    if goal.kind == "okr":
        goal.open_rounds = 1 if goal.agreed else goal.open_rounds + 1
        assert goal.agreed or event.side not in goal.accepted, "one side proposed twice running"
        assert goal.agreed or not goal.accepted or goal.open_rounds <= ROUNDS, "a round too many"
    goal.stood[goal.hash] = (goal.weight, goal.accepted)
    goal.hash, goal.weight, goal.rounds = event.hash, event.definition.weight, goal.rounds + 1
    assert not goal.mediating, "a side proposed while a mediator was asked"
    assert not (goal.imposed and actor == plan.person), "an owner revised what was imposed on them"
    goal.accepted, goal.received, goal.final = {book.side(plan, actor)}, False, False
    goal.imposed, goal.author = False, actor
    goal.left, goal.objected = goal.objected, None


def mediated(book: Book, plan: Plan, goal: Goal, actor: UUID, event: Event) -> None:
    match event:
        case mediation.MediationOpened():
            assert goal.kind == "okr"
            assert goal.accepted, "a mediator was asked about a draft"
            assert not goal.agreed
            assert not goal.mediating, "two mediators were asked"
            assert event.mediator not in {plan.person, *book.signers_of(plan.person, 0)}, "a side mediates"
            goal.mediating = True
        case mediation.MediationDecided():
            assert goal.mediating
            assert event.hash == goal.hash
            assert actor not in {plan.person, *book.signers_of(plan.person, 0)}, "a side mediated"
            goal.mediating = False
            if event.outcome == "return":
                goal.open_rounds = ROUNDS - 1
        case mediation.RevisionImposed():
            assert event.definition.kind == "okr"
            assert event.definition.ambition == "committed", "an aspirational OKR was imposed"
            goal.hash, goal.weight, goal.author = event.hash, event.definition.weight, actor
            goal.accepted, goal.imposed, goal.final = set(), True, False
            goal.blocking.clear()


def objected(book: Book, plan: Plan, goal: Goal, actor: UUID, event: Event) -> None:
    match event:
        case objection.AssignmentObjected():
            assert (goal.kind, goal.hash, actor) == ("kpi", event.hash, plan.person)
            assert goal.objected != event.hash, "objected to twice"
            assert not plan.submitted, "objected to what is submitted"
            goal.objected, goal.received = event.hash, False
        case objection.ObjectionDecided():
            asked = goal.objected if event.outcome == "rejected" else goal.left
            assert asked == event.hash, "decided without an objection"
            assert actor not in (plan.person, goal.assigner), "the owner or the assigner decided"
            assert (goal.hash != event.hash) == (event.outcome == "upheld")
            goal.objected, goal.received = None, True


def went_up(book: Book, plan: Plan, goal: Goal, event: going_up.DecisionEscalated) -> None:
    assert goal.mediating if event.about == "mediation" else goal.objected == goal.hash, "nothing waits above"
    assert event.to is None or event.to not in event.from_people, "it went to somebody who was asked"
    assert event.cause == "silence" or event.to is not None, "nobody stands in for who is gone"
    if event.to is not None:
        counterpart = book.signers_of(plan.person, 0) if event.about == "mediation" else {goal.assigner}
        assert event.to not in {plan.person, *counterpart}, "a side was asked to decide"
        assert book.people[event.to].active


def withdrawn(book: Book, goal: Goal, side: str, event: withdrawing.RevisionWithdrawn) -> None:
    assert (event.hash, event.side) == (goal.hash, side), "another revision was withdrawn than the one on the table"
    assert goal.accepted == {side}, "withdrawn after an answer"
    assert event.back.hash == goal_hash(event.back.definition)
    goal.hash = event.back.hash
    goal.weight, goal.accepted = goal.stood[event.back.hash]
    goal.imposed = event.back.imposed == goal.hash
    assert {found.value for found in event.back.accepted} == goal.accepted, "somebody stands by what they did not"
