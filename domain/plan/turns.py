"""Whose turn it is on a goal, and what keeps a side from speaking: what every rule of the talk asks (R4)."""

from __future__ import annotations

from datetime import datetime

from domain.cycle.policy import Policy
from domain.decider import Context
from domain.plan.goal import Goal
from domain.plan.ground import Ground
from domain.plan.patience import by_when
from domain.plan.talks import Side
from domain.problems import problem

NOT_YOUR_TURN = problem(
    "negotiation.not_your_turn",
    409,
    "Your side has spoken last.",
    "Wait for the other side's answer, or withdraw your revision.",
)
ROUNDS_SPENT = problem(
    "negotiation.rounds_spent",
    409,
    "This goal has had its {most} rounds.",
    "Accept the revision on the table, or request mediation.",
)
NOT_PROPOSED = problem(
    "negotiation.not_proposed", 409, "This goal has not been proposed yet.", "Propose a revision of it first."
)
KPI_NOT_NEGOTIATED = problem(
    "assignment.not_negotiated",
    409,
    "A KPI is assigned and acknowledged, not negotiated by its owner.",
    "Acknowledge it, or object to it with a reason and a counter-value.",
)
IN_MEDIATION = problem(
    "negotiation.in_mediation", 409, "A mediator has been asked about this goal.", "Wait for what the mediator decides."
)
IMPOSED = problem(
    "negotiation.imposed",
    409,
    "A mediator has imposed this goal: its owner does not revise it.",
    "Ask the counterpart or the mediator for a revision.",
)
COMMENT_BLOCKS = problem(
    "negotiation.comment_blocks",
    409,
    "The comment {comment} on goal {goal} blocks it until it is resolved.",
    "Settle what it says, and have its author resolve it.",
)


def require_turn(goal: Goal, side: Side, policy: Policy) -> None:
    """An OKR on the table is answered in turn, and only so many times (R4.1, R4.3)."""
    require_no_mediation(goal)
    if side is Side.OWNER and goal.imposed == goal.hash:
        raise IMPOSED("/goal")
    if goal.turn is None:
        return
    if side is not goal.turn:
        raise NOT_YOUR_TURN("/goal")
    if goal.rounds >= policy.rounds_most:
        raise ROUNDS_SPENT("/definition", most=policy.rounds_most)


def require_no_mediation(goal: Goal) -> None:
    """While a mediator is asked, the revision on the table stays what they were asked about (R4.3)."""
    if goal.mediation is not None:
        raise IN_MEDIATION("/goal")


def require_unblocked(goal: Goal) -> None:
    """No comment on it that was marked blocking waits to be resolved (R4.4)."""
    for id_, comment in goal.comments.items():
        if comment.blocks:
            raise COMMENT_BLOCKS("/goal", comment=str(id_), goal=str(goal.id))


def times_to_answer(found: Ground, context: Context, side: Side) -> tuple[datetime, datetime]:
    """When the side whose turn begins now is reminded, and when its silence goes to the mediator (R4.3)."""
    policy, people = found.cycle.policy, found.people_of(side)
    answer_by = by_when(found, context, people, policy.turn)
    return answer_by, by_when(found, context, people, policy.mediation_after, answer_by)
