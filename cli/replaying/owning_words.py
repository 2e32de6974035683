"""The events of owning a goal as sentences: shared, given up, moved, escalated, tied to pay."""

from __future__ import annotations

from collections.abc import Iterable

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.plan.dropping import GoalAbandoned
from domain.plan.escalating import GoalEscalated
from domain.plan.moving import KeyResultMoved
from domain.plan.pay import PayLinked, PayUnlinked
from domain.plan.receiving import KeyResultReceived, KeyResultTransferred
from domain.plan.sharing import ContributorAdded, ShareAccepted, ShareDeclined
from domain.plan.transferring import GoalReceived, GoalTransferred


def _added(teller: Teller, event: ContributorAdded) -> Iterable[str]:
    return [f"asked {teller.name(event.person)} to carry {event.share} of {teller.goal(event.goal)}"]


def _accepted(teller: Teller, event: ShareAccepted) -> Iterable[str]:
    return [f"accepted a share of {event.share} of {teller.goal(event.goal)}"]


def _declined(teller: Teller, event: ShareDeclined) -> Iterable[str]:
    return [f"declined a share of {teller.goal(event.goal)}", f"because: {text(event.reason)}"]


def _abandoned(teller: Teller, event: GoalAbandoned) -> Iterable[str]:
    return [f"abandoned {teller.goal(event.goal)} at revision {event.number}", f"because: {text(event.reason)}"]


def _transferred(teller: Teller, event: GoalTransferred) -> Iterable[str]:
    yield f"moved {teller.goal(event.goal)} into the plan of {teller.name(event.to_owner)}"
    yield f"because: {text(event.reason)}"


def _received(teller: Teller, event: GoalReceived) -> Iterable[str]:
    teller.learn(event.goal, event.definition)
    yield f"brought {teller.goal(event.goal)} in from the plan of {teller.name(event.from_owner)}"


def _key_result_moved(teller: Teller, event: KeyResultMoved) -> Iterable[str]:
    what = teller.goal(event.key_result)
    yield f"moved the key result {what} from {teller.goal(event.goal)} to {teller.goal(event.to_goal)}"


def _key_result_transferred(teller: Teller, event: KeyResultTransferred) -> Iterable[str]:
    what, where = teller.goal(event.key_result), teller.name(event.to_owner)
    yield f"moved the key result {what} out of {teller.goal(event.goal)}, into the plan of {where}"


def _key_result_received(teller: Teller, event: KeyResultReceived) -> Iterable[str]:
    what, where = teller.goal(event.key_result), teller.name(event.from_owner)
    yield f"brought the key result {what} into {teller.goal(event.goal)}, from the plan of {where}"


def _escalated(teller: Teller, event: GoalEscalated) -> Iterable[str]:
    above = "the facilitator" if event.to is None else teller.name(event.to)
    yield f"told {above} that {teller.goal(event.goal)} cannot be promised"
    yield f"because: {text(event.reason)}"


def _pay_linked(teller: Teller, event: PayLinked) -> Iterable[str]:
    what = f"the {event.ambition} goal " if event.ambition else ""
    return [f"tied pay to {what}{teller.goal(event.goal)}"]


def _pay_unlinked(teller: Teller, event: PayUnlinked) -> Iterable[str]:
    return [f"untied pay from {teller.goal(event.goal)}"]


WORDS |= {
    ContributorAdded: _added,
    ShareAccepted: _accepted,
    ShareDeclined: _declined,
    GoalAbandoned: _abandoned,
    GoalEscalated: _escalated,
    GoalTransferred: _transferred,
    GoalReceived: _received,
    KeyResultMoved: _key_result_moved,
    KeyResultTransferred: _key_result_transferred,
    KeyResultReceived: _key_result_received,
    PayLinked: _pay_linked,
    PayUnlinked: _pay_unlinked,
}
