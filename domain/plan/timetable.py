"""A plan's timetable: what it owes in time, and to the instant when (R4.3, R5.6, R2.4, R7.4).

`owed` is all of it. A duty's command carries the version that made it owed; `duties` does what these commands ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from domain.agenda import Duty
from domain.cycle.windows import ALIGNABLE, NEGOTIABLE, Phase
from domain.decider import Context, Ref
from domain.plan.above import asked_above, level_above, stand_in
from domain.plan.approvers import next_level, open_now, seats
from domain.plan.goal import Goal
from domain.plan.ground import Ground, ground
from domain.plan.links import Edge
from domain.plan.metric_change import news
from domain.plan.parent_change import is_news, parent_now
from domain.plan.rerouting import reroutes
from domain.plan.signatures import Signing
from domain.plan.state import PlanCommand, PlanState
from domain.plan.talks import Decision


class Remind(PlanCommand):
    """Remind those who keep a signature or an answer waiting; tell the child of a parent, or the plan of a metric, that
    changed.
    """

    system: ClassVar[bool] = True

    about: Literal["signature", "turn", "alignment", "parent", "mediation", "objection", "metric"]
    since: int
    """The version that made the wait begin."""
    goal: UUID | None = None
    edge: UUID | None = None
    """The alignment that it is about."""
    step: int | None = None
    """A step that is asked beside another one; absent for the others, of which one waits at a time."""
    metric: UUID | None = None
    """The one whose definition changed."""

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        edge = state.edges.get(self.edge) if self.about == "parent" and self.edge is not None else None
        return () if edge is None or edge.parent.plan == stream else (Ref("plan", edge.parent.plan),)


class Escalate(PlanCommand):
    """Take a waiting signature or decision to the next level (R5.6), or an unanswered turn to the mediator (R4.3)."""

    system: ClassVar[bool] = True

    about: Literal["signature", "turn", "mediation", "objection"] = "signature"
    since: int
    step: int | None = None
    """As in `Remind`."""
    goal: UUID | None = None


class MarkServed(PlanCommand):
    """Count an unanswered assignment or result as received (R2.4, R7.4)."""

    system: ClassVar[bool] = True

    about: Literal["assignment", "result"]
    since: int = 0
    goal: UUID | None = None


def owed(state: PlanState, found: Ground) -> Iterator[Duty]:
    """Everything the plan owes in the cycle's present phase, whenever it falls due; who is excused owes nothing."""
    if not found.takes_part or found.cycle.held is not None:
        return
    grace = found.cycle.grace_until
    for duty in _owed_in_phase(state, found):
        # What fell due while the cycle was held waits until people could look again (R2.6).
        yield duty if grace is None or duty.due >= grace else Duty(duty.key, grace, duty.command)


def _owed_in_phase(state: PlanState, found: Ground) -> Iterator[Duty]:
    phase = found.stage(state)
    if phase in NEGOTIABLE:
        yield from _owed_on_goals(state, found)
    if state.edges and phase in ALIGNABLE:
        yield from _owed_on_requests(state)
    if phase is Phase.COMMIT and state.signing is not None and not state.signing.complete:
        yield from _owed_on_signing(state.signing, found)
    if phase is Phase.RETROSPECT and state.cycle is not None:
        yield from _owed_on_result(state, found)


def _owed_on_goals(state: PlanState, found: Ground) -> Iterator[Duty]:
    for goal in state.goals.values():
        if goal.decision is not None:
            yield from _owed_above(goal, goal.decision, found)
        else:
            yield from _owed_on_turn(goal)
        unanswered = goal.definition.kind == "kpi" and goal.receipt is None and not goal.objected
        if unanswered and goal.served_at is not None:
            yield _duty(goal.served_at, MarkServed(about="assignment", since=goal.turn_since, goal=goal.id))


def _owed_on_requests(state: PlanState) -> Iterator[Duty]:
    for edge in state.edges.values():
        if edge.state == "requested" and not edge.reminded:
            yield _duty(edge.due, Remind(about="alignment", since=edge.since, goal=edge.goal, edge=edge.id))


def owed_on_parents(state: PlanState, found: Ground, context: Context, edges: Iterable[Edge]) -> Iterator[Duty]:
    """A look where a parent has changed: at once. Besides `owed`, since it alone looks at other plans."""
    if found.takes_part and found.cycle.held is None and found.cycle.phase in ALIGNABLE:
        for edge in edges:
            if edge.state == "accepted" and is_news(edge, now := parent_now(edge, state, context)):
                told = Remind(about="parent", since=edge.since, goal=edge.goal, edge=edge.id)
                subject = f"{edge.id}:{(now.hash or 'gone')[:16]}"
                yield Duty(f"Remind:parent:{subject}:v{edge.since}", edge.at, told)


def owed_on_metrics(state: PlanState, found: Ground, context: Context, metrics: Iterable[UUID]) -> Iterator[Duty]:
    """A look where a metric is defined otherwise than a goal says: at once. Besides `owed`, since it alone looks at
    metrics.
    """
    if found.takes_part and found.cycle.held is None and found.cycle.phase in ALIGNABLE:
        for id_ in metrics:
            told = news(state, found, id_, context.state("metric", id_))
            if told is not None:
                remind = Remind(about="metric", since=state.metrics[id_].since, metric=id_)
                yield Duty(f"Remind:metric:{id_}:{told.now.version}:v{remind.since}", told.decided_at, remind)


def _owed_on_turn(goal: Goal) -> Iterator[Duty]:
    """A turn is reminded, then goes to the mediator (R4.3)."""
    if goal.turn is not None and goal.turn_due is not None and not goal.turn_reminded:
        yield _duty(goal.turn_due, Remind(about="turn", since=goal.turn_since, goal=goal.id))
    elif goal.turn is not None and goal.mediate_at is not None:
        yield _duty(goal.mediate_at, Escalate(about="turn", since=goal.turn_since, goal=goal.id))


def _owed_above(goal: Goal, decision: Decision, found: Ground) -> Iterator[Duty]:
    """Who is to decide is reminded, then the next level is asked too (R4.2, R4.3); who stands in for them, at once."""
    about: Literal["mediation", "objection"] = "objection" if goal.objected else "mediation"
    escalate = Escalate(about=about, since=decision.since, goal=goal.id)
    if stand_in(goal, found) is not None:
        yield _duty(decision.asked_at or decision.due, escalate)
    elif not asked_above(goal, found):
        return  # nobody is left to remind or to pass over
    elif not decision.reminded:
        yield _duty(decision.due, Remind(about=about, since=decision.since, goal=goal.id))
    elif decision.escalate_at is not None and (not decision.in_vain or level_above(goal, found) is not None):
        yield _duty(decision.escalate_at, escalate)


def _owed_on_signing(signing: Signing, found: Ground) -> Iterator[Duty]:
    for due, command in reroutes(found, signing):
        yield Duty(f"Reroute:{command.step}:v{command.since}:{due.isoformat()}", due, command)
    for step in open_now(found, signing):
        wait, waiting = signing.waits[step], seats(found, signing, step)
        named_step = step if found.chain[step].beside else None
        if waiting and not wait.reminded:
            yield _duty(wait.remind_at, Remind(about="signature", since=wait.since, step=named_step))
        # It goes up again where who was asked keeps silent too, or nobody is left, and there is a next level (R5.6).
        if not wait.escalated or ((wait.again or not waiting) and next_level(found, signing, step) is not None):
            # A step with nobody left to ask does not wait out its patience.
            due = wait.escalate_at if waiting else wait.asked_at or wait.remind_at
            yield _duty(due, Escalate(since=max(wait.escalated_since, wait.since), step=named_step))


def _owed_on_result(state: PlanState, found: Ground) -> Iterator[Duty]:
    result = found.cycle.results.get(state.id)
    served_at = found.cycle.results_served_at
    if result is None or served_at is None:
        return
    if not state.received(result.hash):
        yield Duty(f"MarkServed:result:{result.hash[:16]}", served_at, MarkServed(about="result"))


def _duty(due: datetime, command: Remind | Escalate | MarkServed) -> Duty:
    told = command.__dict__  # asking a model for a field that it lacks takes longer than all the rest
    about, goal, step = command.about, told.get("edge") or command.goal, told.get("step")
    subject = f"{about}:{goal}" if goal else about if step is None else f"{about}:{step}"
    return Duty(f"{type(command).__name__}:{subject}:v{command.since}:{due.isoformat()}", due, command)


def still_owed(state: PlanState, context: Context, command: PlanCommand) -> Ground | None:
    """The ground of a duty that is due; None where it is no longer owed."""
    found = ground(state, context)
    return found if any(duty.command == command and duty.due <= context.at for duty in owed(state, found)) else None
