"""What a plan owes in time: reminders, escalation, and service of what nobody answered (R4.3, R5.6, R2.4, R7.4).

`owed` is the plan's whole timetable. A duty's command carries the version that made it owed; `decide` looks whether
it is still owed and answers with no event where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, ClassVar, Literal
from uuid import UUID

from domain.agenda import Agenda, Duty, agenda_of
from domain.cycle.windows import NEGOTIABLE, Phase
from domain.decider import Context, Ref
from domain.messages import Event, Wake
from domain.plan.above import asked_on
from domain.plan.alignment import ALIGNABLE
from domain.plan.alignment_answers import answering
from domain.plan.approvers import next_level, open_now, seats
from domain.plan.ground import Ground, ground
from domain.plan.links import Edge
from domain.plan.mediation import open_mediation
from domain.plan.parent_change import ParentChanged, is_news, parent_now
from domain.plan.patience import by_when
from domain.plan.rerouting import Reroute, reroute_event, reroutes
from domain.plan.signatures import Signing
from domain.plan.state import Goal, PlanCommand, PlanState, Receipt, plan
from domain.values import Instant


class Remind(PlanCommand):
    """Remind those who keep a signature or an answer waiting, and the child of a parent that changed."""

    system: ClassVar[bool] = True

    about: Literal["signature", "turn", "alignment", "parent", "mediation", "objection"]
    since: int
    """The version that made the wait begin."""
    goal: UUID | None = None
    edge: UUID | None = None
    """The alignment that it is about."""
    step: int | None = None
    """A step that is asked beside another one; absent for the others, of which one waits at a time."""

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        edge = state.edges.get(self.edge) if self.about == "parent" and self.edge is not None else None
        return () if edge is None or edge.parent.plan == stream else (Ref("plan", edge.parent.plan),)


class Escalate(PlanCommand):
    """Take a waiting signature to the next level (R5.6), or an unanswered turn to the mediator (R4.3)."""

    system: ClassVar[bool] = True

    about: Literal["signature", "turn"] = "signature"
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


def owed(state: PlanState, found: Ground) -> Iterator[Duty]:
    """Everything the plan owes in the cycle's present phase, whenever it falls due; who is excused owes nothing."""
    if not found.takes_part or found.cycle.held is not None:
        return
    grace = found.cycle.grace_until
    for duty in _owed_in_phase(state, found):
        # What fell due while the cycle was held waits until people could look again (R2.6).
        yield duty if grace is None or duty.due >= grace else Duty(duty.key, grace, duty.command)


def _owed_in_phase(state: PlanState, found: Ground) -> Iterator[Duty]:
    phase = state.stage(found.cycle.phase)
    if phase in NEGOTIABLE:
        yield from _owed_on_goals(state)
    if phase in ALIGNABLE:
        yield from _owed_on_requests(state)
    if phase is Phase.COMMIT and state.signing is not None and not state.signing.complete:
        yield from _owed_on_signing(state.signing, found)
    if phase is Phase.RETROSPECT and state.cycle is not None:
        yield from _owed_on_result(state, found)


def _owed_on_goals(state: PlanState) -> Iterator[Duty]:
    for goal in state.goals.values():
        yield from _owed_on_talk(goal)
        unanswered = goal.definition.kind == "kpi" and goal.receipt is None and not goal.objected
        if unanswered and goal.served_at is not None:
            yield _duty(goal.served_at, MarkServed(about="assignment", since=goal.turn_since, goal=goal.id))


def _owed_on_requests(state: PlanState) -> Iterator[Duty]:
    for edge in state.edges.values():
        if edge.state == "requested" and not edge.reminded:
            yield _duty(edge.due, Remind(about="alignment", since=edge.since, goal=edge.goal, edge=edge.id))


def _owed_on_parents(state: PlanState, found: Ground, context: Context, edges: Iterable[Edge]) -> Iterator[Duty]:
    """A look where a parent has changed: at once. Besides `owed`, since it alone looks at other plans."""
    if found.takes_part and found.cycle.held is None and found.cycle.phase in ALIGNABLE:
        for edge in edges:
            if edge.state == "accepted" and is_news(edge, now := parent_now(edge, state, context)):
                told = Remind(about="parent", since=edge.since, goal=edge.goal, edge=edge.id)
                subject = f"{edge.id}:{(now.hash or 'gone')[:16]}"
                yield Duty(f"Remind:parent:{subject}:v{edge.since}", edge.at, told)


def _owed_on_talk(goal: Goal) -> Iterator[Duty]:
    """A turn is reminded, then goes to the mediator; a mediator and who decides an objection are reminded (R4.3)."""
    mediation, objection = goal.mediation, goal.objection
    if mediation is not None:
        if not mediation.reminded:
            yield _duty(mediation.due, Remind(about="mediation", since=mediation.since, goal=goal.id))
    elif goal.turn is not None and goal.turn_due is not None and not goal.turn_reminded:
        yield _duty(goal.turn_due, Remind(about="turn", since=goal.turn_since, goal=goal.id))
    elif goal.turn is not None and goal.mediate_at is not None:
        yield _duty(goal.mediate_at, Escalate(about="turn", since=goal.turn_since, goal=goal.id))
    if goal.objected and objection is not None and not objection.reminded:
        yield _duty(objection.due, Remind(about="objection", since=objection.since, goal=goal.id))


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
    about = getattr(command, "about", "signature")
    goal = getattr(command, "edge", None) or getattr(command, "goal", None)
    step = getattr(command, "step", None)
    subject = f"{about}:{goal}" if goal else about if step is None else f"{about}:{step}"
    return Duty(f"{type(command).__name__}:{subject}:v{command.since}:{due.isoformat()}", due, command)


def _still_owed(state: PlanState, context: Context, command: PlanCommand) -> Ground | None:
    found = ground(state, context)
    return found if any(duty.command == command and duty.due <= context.at for duty in owed(state, found)) else None


@plan.decides(Remind)
def remind(state: PlanState, command: Remind, context: Context) -> list[Event]:
    """Once for each wait."""
    if command.about == "parent":
        return _tell_child(state, command, context)
    found = _still_owed(state, context, command)
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
    if edge is None or not any(duty.command == command for duty in _owed_on_parents(state, found, context, (edge,))):
        return []
    now = parent_now(edge, state, context)
    return [ParentChanged(edge=edge.id, goal=edge.goal, parent_hash=now.hash, moved_to=now.moved_to)]


@plan.decides(Escalate)
def escalate(state: PlanState, command: Escalate, context: Context) -> list[Event]:
    """The next level up the line may sign the step too; where the line ends, a board approver (R5.6, R4.3)."""
    found = _still_owed(state, context, command)
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
    found = _still_owed(state, context, command)
    if found is None or state.signing is None:
        return []
    return [reroute_event(found, state.signing, command, context)]


@plan.decides(MarkServed)
def mark_served(state: PlanState, command: MarkServed, context: Context) -> list[Event]:
    """Silence is receipt after the policy's time."""
    found = _still_owed(state, context, command)
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
    duties = chain(owed(state, found), _owed_on_parents(state, found, context, state.edges.values()))
    return agenda_of(duties, now, phase=phase, summary=_summary(state, phase))


def _summary(state: PlanState, phase: str) -> str:
    if state.signed:
        return f"{phase}: {len(state.goals)} goals, signed"
    if state.signing is not None:
        return f"{phase}: {len(state.goals)} goals, waiting for signature {state.signing.step + 1}"
    agreed = sum(goal.agreed for goal in state.goals.values())
    return f"{phase}: {agreed} of {len(state.goals)} goals agreed"


plan.agenda = plan_agenda
