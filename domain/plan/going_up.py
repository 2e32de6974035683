"""A decision above a talk goes up: who is asked keeps silent, or cannot decide any more (R4.2, R4.3).

An absent approver must not block (R10). Invariant: it never falls to a side of the talk; where nobody is left above, it
waits and is never decided. Whoever was asked before may still decide, like whoever was asked for a signature (R5.6):
their answer is no worse for being late, and the talk ends sooner.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from domain.decider import Context
from domain.messages import Event
from domain.plan.above import asked_above, level_above, stand_in
from domain.plan.goal import Goal
from domain.plan.ground import Ground
from domain.plan.patience import times_to_decide
from domain.plan.state import PlanState, plan
from domain.values import Instant


class DecisionEscalated(Event):
    """Somebody else is asked to mediate or to decide on an objection. A fact, because it changes who may."""

    goal: UUID
    about: Literal["mediation", "objection"]
    since: int
    """The version since which whom it went to before was asked."""
    cause: Literal["silence", "gone"]
    """They did not decide in time; or they may not any more, because they left or came to be on a side."""
    from_people: tuple[UUID, ...]
    """Whom it went to before."""
    to: UUID | None = None
    """None where nobody is left above: it stays pending."""
    asked_at: Instant
    answer_by: Instant | None = None
    """When they are reminded; absent where it went to nobody."""
    escalate_by: Instant | None = None


def ask_next(found: Ground, goal: Goal, context: Context) -> DecisionEscalated:
    """The event that asks who stands in for whom it went to, or else the next level above them too."""
    decision, policy = goal.decision, found.cycle.policy
    assert decision is not None, "asked by the duty of a decision that waits"
    newly = stand_in(goal, found)
    to = newly or level_above(goal, found)
    patience = policy.objection_answer if goal.objected else policy.turn
    answer_by, escalate_by = times_to_decide(found, context, to, patience) if to is not None else (None, None)
    before = decision.asked if newly is not None else asked_above(goal, found)
    return DecisionEscalated(
        goal=goal.id,
        about="objection" if goal.objected else "mediation",
        since=decision.since,
        cause="silence" if newly is None else "gone",
        from_people=tuple(sorted(before)),
        to=to,
        asked_at=context.at,
        answer_by=answer_by,
        escalate_by=escalate_by,
    )


@plan.evolves(DecisionEscalated)
def decision_escalated(state: PlanState, event: DecisionEscalated) -> PlanState:
    goal = state.goal(event.goal)
    decision = goal.decision
    if decision is None:
        return state
    went: dict[str, Any] = {"since": state.version + 1, "in_vain": event.to is None}
    if event.to is not None:
        went |= {
            "asked_at": event.asked_at,
            "due": event.answer_by,
            "escalate_at": event.escalate_by,
            "escalated_to": (*decision.escalated_to, event.to),
            "reminded": False,
        }
    return state.with_goal(goal.model_copy(update={event.about: decision.model_copy(update=went)}))
