"""What a plan does in time: reminders, escalation, and service of what nobody answered (R4.3, R5.6, R2.4, R7.4).

When it owes them says `timetable`; `decide` looks whether a duty is still owed and answers with no event where it is
not.
"""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any, ClassVar, Literal
from uuid import UUID

from domain.agenda import Agenda, agenda_of
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.above import asked_on
from domain.plan.alignment_answers import answering
from domain.plan.approvers import next_level, open_now, seats
from domain.plan.going_up import ask_next
from domain.plan.ground import Ground, ground
from domain.plan.mediation import open_mediation
from domain.plan.metric_change import DefinitionChanged, news
from domain.plan.parent_change import ParentChanged, parent_now
from domain.plan.patience import by_when
from domain.plan.rerouting import Reroute, reroute_event
from domain.plan.signatures import Signing
from domain.plan.state import PlanState, Receipt, plan
from domain.plan.timetable import Escalate as Escalate  # told here with what they lead to
from domain.plan.timetable import MarkServed as MarkServed
from domain.plan.timetable import Remind as Remind
from domain.plan.timetable import owed, owed_on_metrics, owed_on_parents, still_owed
from domain.values import Instant


class Reminded(Event):
    """Somebody was told that others wait for them."""

    notice: ClassVar[bool] = True

    about: Literal["signature", "turn", "alignment", "mediation", "objection"]
    since: int
    goal: UUID | None = None
    edge: UUID | None = None
    step: int | None = None
    """As in `Remind`."""
    people: tuple[UUID, ...]


class Escalated(Event):
    """A waiting signature went up: the next level may sign too. A fact, because it changes who may sign."""

    since: int
    step: int
    from_people: tuple[UUID, ...]
    to: UUID | None = None
    """None where nobody is left to ask: the step stays pending (R5.4)."""
    remind_at: Instant | None = None
    """The patience with whom it went to; absent where it went to nobody, and before it went on from there."""
    escalate_at: Instant | None = None


class AssignmentServed(Event):
    """An assignment counts as received."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    hash: str


class ResultServed(Event):
    """A published result counts as received (R7.4)."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    result: str


@plan.decides(Remind)
def remind(state: PlanState, command: Remind, context: Context) -> list[Event]:
    """Once for each wait."""
    if command.about == "parent":
        return _tell_child(state, command, context)
    if command.metric is not None:
        return _tell_plan(state, command.metric, command, context)
    found = still_owed(state, context, command)
    if found is None:
        return []
    if command.about == "signature":
        step = _step_of(state.signing, found, command.step)
        people = frozenset(seats(found, state.signing, step)) if state.signing else frozenset()
    elif command.edge is not None:
        people = frozenset({answering(state.edges[command.edge], found)})
    else:
        people = frozenset(asked_on(state.goal(command.goal), found)) if command.goal else frozenset()
    return [
        Reminded(
            about=command.about,
            since=command.since,
            goal=command.goal,
            edge=command.edge,
            step=command.step,
            people=tuple(sorted(people)),
        )
    ]


def _tell_child(state: PlanState, command: Remind, context: Context) -> list[Event]:
    edge = state.edges.get(command.edge) if command.edge is not None else None
    found = ground(state, context)
    if edge is None or not any(duty.command == command for duty in owed_on_parents(state, found, context, (edge,))):
        return []
    now = parent_now(edge, state, context)
    return [ParentChanged(edge=edge.id, goal=edge.goal, parent_hash=now.hash, moved_to=now.moved_to)]


def _tell_plan(state: PlanState, metric: UUID, command: Remind, context: Context) -> list[Event]:
    found = ground(state, context)
    if not any(duty.command == command for duty in owed_on_metrics(state, found, context, (metric,))):
        return []
    told = news(state, found, metric, context.state("metric", metric))
    if told is None:
        return []
    return [DefinitionChanged(now=told.now, retired=told.retired or None, goals=told.goals)]


@plan.decides(Escalate)
def escalate(state: PlanState, command: Escalate, context: Context) -> list[Event]:
    """The next level up the line may sign or decide too; where the line ends, a board approver (R5.6, R4.3)."""
    found = still_owed(state, context, command)
    if found is not None and command.about in ("mediation", "objection") and command.goal is not None:
        return [ask_next(found, state.goal(command.goal), context)]
    if found is not None and command.about == "turn" and command.goal is not None:
        goal = state.goal(command.goal)
        spent = goal.rounds >= found.cycle.policy.rounds_most
        return [open_mediation(found, goal, context, "rounds" if spent else "silence")]
    if found is None or state.signing is None:
        return []
    signing = state.signing
    step = _step_of(signing, found, command.step)
    asked = tuple(sorted(found.steps[step].union(signing.waits[step].escalated_to)))
    to = next_level(found, signing, step)
    policy = found.cycle.policy
    # No share of the window any more: near its end that would race through all levels.
    return [
        Escalated(
            since=command.since,
            step=step,
            from_people=asked,
            to=to,
            remind_at=by_when(found, context, [to], policy.signature_reminder) if to is not None else None,
            escalate_at=by_when(found, context, [to], policy.signature_escalation) if to is not None else None,
        )
    ]


def _step_of(signing: Signing | None, found: Ground, step: int | None) -> int:
    """The step that a duty is about: without a number, the one that was not asked beside another."""
    if step is not None or signing is None:
        return step or 0
    return next(place for place in open_now(found, signing) if not found.chain[place].beside)


@plan.decides(Reroute)
def reroute(state: PlanState, command: Reroute, context: Context) -> list[Event]:
    """Told once for each change of whom a step is asked (R5.5)."""
    found = still_owed(state, context, command)
    if found is None or state.signing is None:
        return []
    return [reroute_event(found, state.signing, command, context)]


@plan.decides(MarkServed)
def mark_served(state: PlanState, command: MarkServed, context: Context) -> list[Event]:
    """Silence is receipt after the policy's time."""
    found = still_owed(state, context, command)
    if found is None:
        return []
    if command.about == "assignment" and command.goal is not None:
        return [AssignmentServed(goal=command.goal, hash=state.goal(command.goal).hash)]
    return [ResultServed(result=found.cycle.results[state.id].hash)]


@plan.evolves(Reminded)
def reminded(state: PlanState, event: Reminded) -> PlanState:
    if event.edge is not None:
        return state.with_edge(state.edges[event.edge].model_copy(update={"reminded": True}))
    if event.about != "signature" and event.goal is not None:
        goal = state.goal(event.goal)
        if event.about == "turn":
            return state.with_goal(goal.model_copy(update={"turn_reminded": True}))
        asked = getattr(goal, event.about)  # a mediation or an objection
        return state.with_goal(goal.model_copy(update={event.about: asked.model_copy(update={"reminded": True})}))
    if state.signing is None:
        return state
    waiting = state.signing.waits
    # Of the steps that one version opened only those asked beside the first carry their number.
    step = next((place for place in sorted(waiting) if waiting[place].since == event.since), None)
    step = event.step if event.step is not None else step
    if step not in waiting:
        return state
    told = state.signing.with_wait(step, waiting[step].model_copy(update={"reminded": True}))
    return state.model_copy(update={"signing": told})


@plan.evolves(Escalated)
def escalated(state: PlanState, event: Escalated) -> PlanState:
    wait = state.signing.waits.get(event.step) if state.signing is not None else None
    if state.signing is None or wait is None:
        return state
    went: dict[str, Any] = {"escalated": True, "escalated_since": state.version + 1, "again": False}
    if event.to is not None:
        went["escalated_to"] = (*wait.escalated_to, event.to)
    if event.remind_at is not None and event.escalate_at is not None:
        anew = {"reminded": False, "again": True, "since": state.version + 1}
        went |= {"remind_at": event.remind_at, "escalate_at": event.escalate_at, **anew}
    return state.model_copy(update={"signing": state.signing.with_wait(event.step, wait.model_copy(update=went))})


@plan.evolves(AssignmentServed)
def assignment_served(state: PlanState, event: AssignmentServed) -> PlanState:
    return state.with_goal(state.goal(event.goal).model_copy(update={"receipt": "served"}))


@plan.evolves(ResultServed)
def result_served(state: PlanState, event: ResultServed) -> PlanState:
    return state.model_copy(update={"receipt": Receipt(result=event.result, how="served")})


def plan_agenda(state: PlanState, context: Context, now: datetime) -> Agenda:
    """The agenda of a plan: nothing where its owner is excused, over where the cycle is closed."""
    if state.cycle is None:
        return Agenda(summary="Not begun")
    found = ground(state, context)
    phase = found.cycle.phase.value
    if found.cycle.closed:
        return Agenda(phase=phase, closed=True, summary="The cycle is closed")
    duties = owed(state, found)
    if state.edges:
        duties = chain(duties, owed_on_parents(state, found, context, state.edges.values()))
    if state.metrics:
        duties = chain(duties, owed_on_metrics(state, found, context, state.metrics))
    return agenda_of(duties, now, phase=phase, summary=_summary(state, phase))


def _summary(state: PlanState, phase: str) -> str:
    if state.signed:
        return f"{phase}: {len(state.goals)} goals, signed"
    if state.signing is not None:
        return f"{phase}: {len(state.goals)} goals, waiting for signature {state.signing.step + 1}"
    agreed = sum(goal.agreed for goal in state.goals.values())
    return f"{phase}: {agreed} of {len(state.goals)} goals agreed"


plan.agenda = plan_agenda
