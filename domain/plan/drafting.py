"""How goals come into a plan: an OKR is drafted, a KPI is assigned (R1); the owner receives an assignment."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.cycle.policy import Framework
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context
from domain.goals import Kpi, Okr, goal_hash
from domain.messages import Event, Wake
from domain.plan.bounds import require_bounds
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted
from domain.plan.lint import lint_goal
from domain.plan.metrics import require_metrics
from domain.plan.patience import by_when
from domain.plan.state import OpeningCommand, PlanCommand, PlanState, plan
from domain.plan.voiding import void_signatures
from domain.problems import problem
from domain.values import Hash, Instant

MOST_GOALS = 200
"""Goals of one plan. Far above what R3.5 advises; every signature and check-in of a plan reads all of them."""
PLAN_FULL = problem(
    "plan.full",
    409,
    "The plan has {most} goals, which is as many as a plan holds.",
    "Abandon a goal, or make the new one a key result of another.",
)
GOAL_EXISTS = problem(
    "goal.exists", 409, "The plan has this goal already.", "Propose a revision of it, or use another goal id."
)
FRAMEWORK = problem(
    "cycle.framework",
    422,
    "This plan takes {framework} goals only: its unit or cycle runs by them.",
    "Use that instrument, or let the facilitator choose composite for the unit.",
)
NOT_ASSIGNED = problem("goal.not_assigned", 409, "Only a KPI is acknowledged.", "Accept an OKR's revision instead.")
STALE_GOAL = problem(
    "goal.stale_hash",
    409,
    "The goal has changed since you saw it: it is revision {number} ({now}) now.",
    "Look at the difference and decide on the present hash.",
)


class DraftGoal(OpeningCommand):
    """Write the first revision of an OKR; either side may start (R4.2)."""

    definition: Okr


class AssignGoal(OpeningCommand):
    """Assign a KPI to an owner: quantified and mandatory (R1, R4.2)."""

    definition: Kpi


class AcknowledgeAssignment(PlanCommand):
    """The owner has received an assigned KPI (R4.2)."""

    goal: UUID
    hash: Hash


class PlanOpened(Event):
    """The plan of an owner in a cycle exists."""

    cycle: UUID
    owner: UUID


class GoalDrafted(Event):
    """The plan has an OKR in its first revision."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    definition: Okr
    hash: Hash
    author: UUID
    findings: tuple[str, ...]


class GoalAssigned(Event):
    """The plan has a KPI from above."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    definition: Kpi
    hash: Hash
    assigner: UUID
    findings: tuple[str, ...]
    served_at: Instant
    """Unanswered until then it counts as served (R2.4)."""


class AssignmentAcknowledged(Event):
    """The owner received a KPI."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    hash: Hash


def require_room(state: PlanState, command: OpeningCommand) -> None:
    """Refuse a goal that the plan has or had, and one too many. A goal may come back whence it was transferred."""
    gone = state.departed.get(command.goal)
    if command.goal in state.goals or (gone is not None and (gone.to is None or not command.inner)):
        raise GOAL_EXISTS("/goal")
    if len(state.goals) >= MOST_GOALS:
        raise PLAN_FULL(most=MOST_GOALS)


def opening(state: PlanState, command: OpeningCommand) -> list[Event]:
    """The event that opens the plan; nothing where it is open."""
    return [] if state.cycle else [PlanOpened(cycle=command.cycle, owner=command.owner)]


def require_framework(found: Ground, definition: Okr | Kpi, pointer: str) -> None:
    """The instrument that the plan's unit or cycle runs by, or either in a composite one (R1.1)."""
    if found.framework not in (Framework.COMPOSITE, definition.kind):
        raise FRAMEWORK(pointer, framework=found.framework.value.upper())


@plan.decides(DraftGoal)
def draft_goal(state: PlanState, command: DraftGoal, context: Context) -> list[Event]:
    """The owner, the counterpart or the facilitator writes an OKR before commit closes."""
    found = admitted(state, context, *NEGOTIABLE, command=command)
    require_framework(found, command.definition, "/definition/kind")
    require_bounds(found, command.definition)
    require_metrics(state, command.definition, context)
    require_room(state, command)
    drafted = GoalDrafted(
        goal=command.goal,
        definition=command.definition,
        hash=goal_hash(command.definition),
        author=context.actor,
        findings=lint_goal(command.definition, found.cycle),
    )
    return [*opening(state, command), drafted, *void_signatures(state, "goal_added", command.goal, context.actor)]


@plan.decides(AssignGoal)
def assign_goal(state: PlanState, command: AssignGoal, context: Context) -> list[Event]:
    """Somebody above the owner, or the facilitator, assigns a KPI before commit closes."""
    found = admitted(state, context, *NEGOTIABLE, command=command)
    require_framework(found, command.definition, "/definition/kind")
    require_bounds(found, command.definition)
    require_metrics(state, command.definition, context)
    require_room(state, command)
    assigned = GoalAssigned(
        goal=command.goal,
        definition=command.definition,
        hash=goal_hash(command.definition),
        assigner=context.actor,
        findings=lint_goal(command.definition, found.cycle),
        served_at=by_when(found, context, {found.owner}, found.cycle.policy.assignment_served),
    )
    return [*opening(state, command), assigned, *void_signatures(state, "goal_added", command.goal, context.actor)]


@plan.decides(AcknowledgeAssignment)
def acknowledge_assignment(state: PlanState, command: AcknowledgeAssignment, context: Context) -> list[Event]:
    """The owner acknowledges exactly the revision that was seen; once is enough."""
    admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if goal.definition.kind != "kpi":
        raise NOT_ASSIGNED("/goal")
    require_current(goal, command.hash)
    if goal.receipt == "acknowledged":
        return []
    return [AssignmentAcknowledged(goal=goal.id, hash=goal.hash)]


def require_current(goal: Goal, seen: str, pointer: str = "/hash") -> None:
    """A decision names the hash that was seen; another one is stale."""
    if goal.hash != seen:
        raise STALE_GOAL(pointer, number=goal.number, now=goal.hash)


@plan.evolves(PlanOpened)
def plan_opened(state: PlanState, event: PlanOpened) -> PlanState:
    return state.model_copy(update={"cycle": event.cycle, "owner": event.owner})


@plan.evolves(GoalDrafted)
def goal_drafted(state: PlanState, event: GoalDrafted) -> PlanState:
    return state.with_goal(
        Goal(
            id=event.goal,
            definition=event.definition,
            hash=event.hash,
            first_author=event.author,
            author=event.author,
        )
    )


@plan.evolves(GoalAssigned)
def goal_assigned(state: PlanState, event: GoalAssigned) -> PlanState:
    return state.with_goal(
        Goal(
            id=event.goal,
            definition=event.definition,
            hash=event.hash,
            first_author=event.assigner,
            author=event.assigner,
            assigned_by=event.assigner,
            served_at=event.served_at,
            turn_since=state.version + 1,
        )
    )


@plan.evolves(AssignmentAcknowledged)
def assignment_acknowledged(state: PlanState, event: AssignmentAcknowledged) -> PlanState:
    return state.with_goal(state.goal(event.goal).model_copy(update={"receipt": "acknowledged"}))
