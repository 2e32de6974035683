"""Retrospect: reflection on the path, and receipt of the published result (R7.4, R7.5)."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.goal import Reflection
from domain.plan.ground import ground
from domain.plan.state import PlanCommand, PlanState, Receipt, plan
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Hash

NOT_PUBLISHED = problem(
    "result.not_published", 409, "The plan's result is not published.", "Wait for the facilitator to publish results."
)
STALE_RESULT = problem(
    "result.stale_hash", 409, "The published result is {now} now.", "Look at it and answer the present one."
)


class Reflect(PlanCommand):
    """Say what happened on a goal's path, why, what was learned, and what to do with it."""

    goal: UUID
    what_happened: AuthorText
    why: AuthorText
    learned: AuthorText
    next_step: Literal["keep", "stop", "try"]


class AcknowledgeResult(PlanCommand):
    """Receive the published result, with assent or dissent. Receipt is not consent (R7.4)."""

    result: Hash
    how: Literal["assent", "dissent"]
    comment: AuthorText | None = None


class Reflected(Event):
    """A goal's reflection is written."""

    goal: UUID
    by: UUID
    reflection: Reflection


class ResultAcknowledged(Event):
    """The owner has received the result."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    result: Hash
    by: UUID
    how: Literal["assent", "dissent"]
    comment: AuthorText | None = None


@plan.decides(Reflect)
def reflect(state: PlanState, command: Reflect, context: Context) -> list[Event]:
    """The plan's owner reflects, in track or retrospect."""
    found = ground(state, context)
    found.cycle.require_phase(context.at, Phase.TRACK, Phase.RETROSPECT)
    goal = state.tracked(command.goal)
    reflection = Reflection(
        what_happened=command.what_happened, why=command.why, learned=command.learned, next_step=command.next_step
    )
    return [Reflected(goal=goal.id, by=context.actor, reflection=reflection)]


@plan.decides(AcknowledgeResult)
def acknowledge_result(state: PlanState, command: AcknowledgeResult, context: Context) -> list[Event]:
    """The owner answers exactly the result that was seen, once."""
    found = ground(state, context)
    found.cycle.require_phase(context.at, Phase.RETROSPECT)
    result = found.cycle.results.get(state.id)
    if result is None:
        raise NOT_PUBLISHED()
    if result.hash != command.result:
        raise STALE_RESULT("/result", now=result.hash)
    if state.receipt is not None and state.received(result.hash) and state.receipt.how != "served":
        return []
    return [ResultAcknowledged(result=result.hash, by=context.actor, how=command.how, comment=command.comment)]


@plan.evolves(Reflected)
def reflected(state: PlanState, event: Reflected) -> PlanState:
    return state.with_report(event.goal, {"reflection": event.reflection})


@plan.evolves(ResultAcknowledged)
def result_acknowledged(state: PlanState, event: ResultAcknowledged) -> PlanState:
    return state.model_copy(update={"receipt": Receipt(result=event.result, how=event.how)})
