"""Who cannot promise a committed goal escalates at once, instead of missing it in silence (R3.6)."""

from __future__ import annotations

from uuid import UUID

from domain.cycle.windows import ALIGNABLE
from domain.decider import Context
from domain.goals import Ambition, Okr
from domain.messages import Event
from domain.plan.goal import Goal
from domain.plan.ground import Ground, admitted, next_above
from domain.plan.state import PlanCommand, PlanState, plan
from domain.plan.talks import Escalation
from domain.problems import problem
from domain.sealed import AuthorText

NOT_COMMITTED = problem(
    "escalation.not_committed",
    409,
    "Only a committed OKR is escalated.",
    "Say in the check-in what keeps an aspirational goal back; object to a KPI.",
)


class EscalateGoal(PlanCommand):
    """Tell the next level that a committed goal cannot be promised; sent again, the level above it (R3.6)."""

    goal: UUID
    reason: AuthorText


class GoalEscalated(Event):
    """Somebody above knows that a committed goal cannot be promised."""

    goal: UUID
    hash: str
    to: UUID | None = None
    """None where nobody is left above: the facilitator is asked."""
    reason: AuthorText


@plan.decides(EscalateGoal)
def escalate_goal(state: PlanState, command: EscalateGoal, context: Context) -> list[Event]:
    """The owner, until the end of track. It waits above until the goal is revised or leaves the plan."""
    found = admitted(state, context, *ALIGNABLE)
    goal = state.goal(command.goal)
    if not isinstance(goal.definition, Okr) or goal.definition.ambition is not Ambition.COMMITTED:
        raise NOT_COMMITTED("/goal")
    if goal.escalation is not None and goal.escalation.to is None:
        return []
    return [GoalEscalated(goal=goal.id, hash=goal.hash, to=_next_level(found, goal), reason=command.reason)]


def _next_level(found: Ground, goal: Goal) -> UUID | None:
    if goal.escalation is not None:
        return next_above(found, goal.escalation.asked)
    return next(found.directory.line_above(found.owner), None) or next_above(found, frozenset())


@plan.evolves(GoalEscalated)
def goal_escalated(state: PlanState, event: GoalEscalated) -> PlanState:
    goal = state.goal(event.goal)
    told = frozenset({event.to}) if event.to is not None else frozenset()
    asked = told | goal.escalation.asked if goal.escalation is not None else told
    escalation = Escalation(to=event.to, asked=asked, since=state.version + 1)
    return state.with_goal(goal.model_copy(update={"escalation": escalation}))
