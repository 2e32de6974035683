"""What the second book holds a plan to, event by event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.goals import goal_hash
from domain.messages import Event
from domain.plan import (
    alignment,
    alignment_answers,
    comments,
    drafting,
    dropping,
    duties,
    escalating,
    going_up,
    mediation,
    moving,
    negotiation,
    objection,
    parent_change,
    pay,
    receiving,
    result,
    sharing,
    tracking,
    transferring,
    visibility,
    withdrawing,
)
from domain.values import SYSTEM
from tests.domain.book.alignments import aligned, hash_of_parent
from tests.domain.book.kept import Book, Goal, Plan
from tests.domain.book.metrics import looked, named
from tests.domain.book.signatures import signed
from tests.domain.book.talks import mediated, objected, proposed, went_up, withdrawn


def told_plan(book: Book, plan: Plan, actor: UUID, at: datetime, event: Event) -> None:
    assert book.participants.get(plan.owner) or isinstance(event, result.ResultAcknowledged | result.Reflected), (
        "an excused plan moved"
    )
    assert actor == SYSTEM or book.people[actor].active, "somebody who has left decided"
    named(book, event)
    if looked(book, plan, actor, event):
        return
    match event:
        case drafting.GoalDrafted() | drafting.GoalAssigned():
            assert event.hash == goal_hash(event.definition)
            goal = plan.goals[event.goal] = Goal(event.definition.kind, event.hash, event.definition.weight)
            goal.assigner = goal.author = actor
        case drafting.AssignmentAcknowledged() | duties.AssignmentServed():
            goal = plan.goals[event.goal]
            assert (goal.kind, goal.hash) == ("kpi", event.hash)
            assert actor == (SYSTEM if isinstance(event, duties.AssignmentServed) else plan.person)
            assert actor != SYSTEM or goal.objected is None, "served while an objection waits"
            goal.received, goal.objected = True, None
        case negotiation.RevisionProposed():
            proposed(book, plan, actor, event)
        case negotiation.RevisionAccepted():
            goal = plan.goals[event.goal]
            assert goal.hash == event.hash, "another revision was accepted than the one on the table"
            assert book.side(plan, actor) not in goal.accepted, "accepted twice by one side"
            assert not goal.blocking, "accepted over a comment that blocks"
            goal.accepted.add(book.side(plan, actor))
            goal.mediating = False
            assert event.agreed == goal.agreed
        case withdrawing.RevisionWithdrawn():
            withdrawn(book, plan.goals[event.goal], book.side(plan, actor), event)
        case visibility.VisibilitySet():
            goal = plan.goals[event.goal]
            assert (actor == plan.person) == (goal.kind == "okr"), "a KPI's owner chose who sees it, or a stranger"
        case mediation.MediationOpened() | mediation.MediationDecided() | mediation.RevisionImposed():
            mediated(book, plan, plan.goals[event.goal], actor, event)
        case objection.AssignmentObjected() | objection.ObjectionDecided():
            objected(book, plan, plan.goals[event.goal], actor, event)
        case going_up.DecisionEscalated():
            went_up(book, plan, plan.goals[event.goal], event)
        case comments.RevisionCommented():
            assert event.hash == plan.goals[event.goal].hash, "a comment on another revision than the one seen"
            assert not event.asks or plan.goals[event.goal].accepted == {"owner", "counterpart"} - {event.side}
            if event.blocking:
                plan.goals[event.goal].blocking.add(event.comment)
        case comments.CommentResolved():
            plan.goals[event.goal].blocking.discard(event.comment)
        case tracking.CheckedIn() if event.late:
            assert (book.closed or book.phase == "retrospect", actor) == (True, plan.person)
        case tracking.CheckedIn():
            assert (book.phase, actor, book.catches_up(plan)) == ("track", plan.person, False)
            goal, amended = plan.in_force[event.goal], plan.goals.get(event.goal)
            goal.final, goal.reported = event.final, at
            if amended is not None:
                amended.reported = at
                amended.final = event.final if amended.hash == goal.hash else amended.final
        case alignment.AlignmentRequested() | alignment.AlignmentAccepted() | alignment.AlignmentConfirmed():
            aligned(book, plan, actor, event)
        case alignment_answers.AlignmentDeclined():
            assert actor in (plan.person, book.asked[event.edge][2])
            book.above.pop(event.edge, None)
        case parent_change.ParentChanged():
            assert event.parent_hash == hash_of_parent(book, event.edge)
            assert event.parent_hash != book.hashes[event.edge], "told of a change that the child knows"
            book.hashes[event.edge] = event.parent_hash
        case dropping.GoalAbandoned():
            goal = plan.goals.pop(event.goal)
            assert goal.hash == event.hash, "another revision was abandoned than the one seen"
            assert (actor == plan.person) == (goal.kind == "okr"), "a KPI's owner dropped it, or a stranger"
            book.above = {edge: ends for edge, ends in book.above.items() if ends[0] != event.goal}
        case transferring.GoalTransferred():
            goal = plan.goals.pop(event.goal)
            assert goal.hash == event.hash, "another revision left than the one seen"
            book.moving[event.goal] = goal
            book.above = {edge: ends for edge, ends in book.above.items() if ends[0] != event.goal}
        case transferring.GoalReceived():
            goal = book.moving.pop(event.goal)
            assert (event.hash, goal_hash(event.definition)) == (goal.hash, goal.hash), "it changed on the way"
            assert actor != plan.person, "somebody moved a goal into their own plan"
            plan.goals[event.goal] = Goal(goal.kind, goal.hash, goal.weight)
            if event.on_the_table:
                plan.goals[event.goal].accepted.add(book.side(plan, actor))
        case moving.KeyResultMoved():
            assert event.goal != event.to_goal
        case receiving.KeyResultTransferred():
            assert event.hash == plan.goals[event.goal].hash, "it left another revision than the one on the table"
            book.moving_key_results[event.key_result] = event
        case receiving.KeyResultReceived():
            left = book.moving_key_results.pop(event.key_result)
            assert (left.to_hash, left.to_goal, left.to_version) == (event.hash, event.goal, plan.version)
            assert (event.from_hash, event.from_goal) == (left.hash, left.goal)
            assert event.hash == plan.goals[event.goal].hash
        case sharing.ContributorAdded() | escalating.GoalEscalated():
            assert actor == plan.person
        case sharing.ShareAccepted() | sharing.ShareDeclined():
            assert actor == event.person != plan.person
        case pay.PayLinked() | pay.PayUnlinked():
            assert actor != plan.person, "an owner said what pays"
        case result.ResultAcknowledged() | duties.ResultServed():
            assert book.results is not None
            assert event.result == book.results[plan.owner], "another result was received than the one published"
            plan.receipt = event.result
        case _:
            signed(book, plan, actor, event)
