"""A step that waits is asked of others when the directory changes: the change is told, and whoever newly may sign has
the whole patience (R5.5). Signatures stay with those who gave them; nobody inherits one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.messages import Event
from domain.plan.approvers import asks, named, open_now
from domain.plan.ground import Ground
from domain.plan.patience import signature_patience
from domain.plan.signatures import Signing
from domain.plan.state import PlanCommand, PlanState, plan
from domain.values import Instant


class Reroute(PlanCommand):
    """Say that a step is asked of others than before."""

    system: ClassVar[bool] = True

    since: int
    """The version that said whom it was asked of."""
    step: int


class Rerouted(Event):
    """A step is asked of others."""

    since: int
    step: int
    from_people: tuple[UUID, ...]
    to_people: tuple[UUID, ...]
    rerouted_at: Instant
    remind_at: Instant | None = None
    """The patience begins anew where somebody is newly asked; absent where some are only asked no more."""
    escalate_at: Instant | None = None


def reroutes(found: Ground, signing: Signing) -> Iterator[tuple[datetime, Reroute]]:
    """The steps whose people are not those that were told, and since when they wait."""
    for step in open_now(found, signing):
        wait = signing.waits[step]
        if wait.asked is not None and wait.asked_at is not None and named(found, signing.alone, step) != wait.asked:
            yield wait.asked_at, Reroute(since=wait.asked_since, step=step)


def reroute_event(found: Ground, signing: Signing, command: Reroute, context: Context) -> Rerouted:
    """What a re-route says; the patience of who is newly asked begins now."""
    before, (now,) = signing.waits[command.step].asked or frozenset(), asks(found, signing.alone, [command.step])
    newly = not before.issuperset(now.people)
    remind_at, escalate_at = signature_patience(found, context, [now]) if newly else (None, None)
    return Rerouted(
        since=command.since,
        step=command.step,
        from_people=tuple(sorted(before)),
        to_people=now.people,
        rerouted_at=context.at,
        remind_at=remind_at,
        escalate_at=escalate_at,
    )


@plan.evolves(Rerouted)
def rerouted(state: PlanState, event: Rerouted) -> PlanState:
    wait = state.signing.waits.get(event.step) if state.signing is not None else None
    if state.signing is None or wait is None:
        return state
    version = state.version + 1
    told = {"asked": frozenset(event.to_people), "asked_at": event.rerouted_at, "asked_since": version}
    if event.remind_at is not None and event.escalate_at is not None:
        anew = {"since": version, "reminded": False, "again": True}
        told |= {"remind_at": event.remind_at, "escalate_at": event.escalate_at, **anew}
    signing = state.signing.with_wait(event.step, wait.model_copy(update=told))
    return state.model_copy(update={"signing": signing})
