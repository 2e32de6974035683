"""Publishing the computed results of every plan (R7.1, R7.3), and the digest of track (R6.4)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.cycle.outcomes import PlanResult
from domain.cycle.state import CycleCommand, CycleState, cycle
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.messages import Event, Wake
from domain.plan.joining import catching_up
from domain.plan.state import PlanState
from domain.problems import problem
from domain.scoring import plan_result
from domain.values import Instant

PUBLISHED = problem(
    "results.published", 409, "The results are published.", "Re-open a phase to change what they rest on."
)


class PublishResults(CycleCommand):
    """The facilitator publishes what the readings amount to."""

    reads_plans: ClassVar[bool] = True
    edits: ClassVar[bool] = True


class SendDigest(CycleCommand):
    """Tell once a period who owes a check-in, instead of one message a goal (R6.4)."""

    system: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    number: int


class ResultsPublished(Event):
    """Every plan has its computed result, bound to a hash (R7.4)."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    results: tuple[PlanResult, ...]
    served_at: Instant
    """Unanswered until then a result is deemed served."""


class DigestSent(Event):
    """The owners who owe a check-in were told."""

    notice: ClassVar[bool] = True

    number: int
    owners: tuple[UUID, ...]
    sent_at: Instant
    next_due: Instant


@cycle.decides(PublishResults)
def publish_results(state: CycleState, command: PublishResults, context: Context) -> list[Event]:
    """In retrospect, once, for everybody who takes part."""
    del command
    state.require_phase(context.at, Phase.RETROSPECT)
    if state.published:
        raise PUBLISHED()
    plans: list[PlanState] = [context.states[ref] for ref in state.plans()]
    results = tuple(plan_result(plan, state.policy.scoring, state.version + 1) for plan in plans if plan.goals)
    served_at = context.after(context.at, state.policy.result_served, state.site)
    return [ResultsPublished(results=results, served_at=served_at)]


def owes_check_in(plan: PlanState, since: datetime) -> bool:
    """Whether a goal whose final values are not in was not reported since then: the inbox asks for each (R6.1)."""
    return any(not goal.final and goal.silent_since(since) for goal in plan.in_force.values())


@cycle.decides(SendDigest)
def send_digest(state: CycleState, command: SendDigest, context: Context) -> list[Event]:
    """Once a period while track is open."""
    due, since = state.digest_due, state.digest_since
    if state.phase is not Phase.TRACK or due is None or since is None or command.number != state.digests + 1:
        return []
    if context.at < due:
        return []
    plans: list[PlanState] = [context.states[ref] for ref in state.plans()]
    silent = [
        plan.owner
        for plan in plans
        if plan.owner is not None and owes_check_in(plan, since) and not catching_up(state, plan.owner, plan)
    ]
    # From when it was due, so that the rhythm does not creep; a late one is not followed by a burst.
    next_due = context.after(due, state.policy.check_in_every, state.site)
    if next_due <= context.at:
        next_due = context.after(context.at, state.policy.check_in_every, state.site)
    return [DigestSent(number=command.number, owners=tuple(silent), sent_at=context.at, next_due=next_due)]


@cycle.evolves(ResultsPublished)
def results_published(state: CycleState, event: ResultsPublished) -> CycleState:
    results = {result.plan: result for result in event.results}
    return state.model_copy(update={"results": results, "results_served_at": event.served_at})


@cycle.evolves(DigestSent)
def digest_sent(state: CycleState, event: DigestSent) -> CycleState:
    return state.model_copy(
        update={"digests": event.number, "digest_due": event.next_due, "digest_since": event.sent_at}
    )
