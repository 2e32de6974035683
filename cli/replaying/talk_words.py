"""The events of a goal's talk as sentences: what was withdrawn, commented, mediated and objected to."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.plan.comments import CommentResolved, RevisionCommented
from domain.plan.going_up import DecisionEscalated
from domain.plan.mediation import MediationDecided, MediationOpened, RevisionImposed
from domain.plan.objection import AssignmentObjected, ObjectionDecided
from domain.plan.withdrawing import RevisionWithdrawn
from domain.words import CAME


def _withdrawn(teller: Teller, event: RevisionWithdrawn) -> Iterable[str]:
    teller.learn(event.goal, event.back.definition)
    return [f"withdrew the revision of {teller.goal(event.goal)}: revision {event.back.number} stands again"]


def _commented(teller: Teller, event: RevisionCommented) -> Iterable[str]:
    how = "asked about" if event.asks else "commented on"
    blocking = ", blocking it until resolved" if event.blocking else ""
    yield f"{how} {teller.goal(event.goal)}{teller.field(event.path)}{blocking}"
    yield f"comment: {text(event.text)}"


def _resolved(teller: Teller, event: CommentResolved) -> Iterable[str]:
    yield f"resolved a comment on {teller.goal(event.goal)}"
    if event.answer is not None:
        yield f"answer: {text(event.answer)}"


def _mediation_opened(teller: Teller, event: MediationOpened) -> Iterable[str]:
    who = (
        f"{teller.name(event.mediator)} to mediate" if event.mediator is not None else "for a mediator, and found none,"
    )
    yield f"asked {who} on {teller.goal(event.goal)}, because {CAME[event.cause]}"
    if event.reason is not None:
        yield f"reason: {text(event.reason)}"


def _mediation_decided(teller: Teller, event: MediationDecided) -> Iterable[str]:
    how = "ended the mediation on" if event.outcome == "impose" else "gave back for another round"
    yield f"{how} {teller.goal(event.goal)}{_for(teller, event.on_behalf_of)}"
    yield f"reason: {text(event.reason)}"


def _imposed(teller: Teller, event: RevisionImposed) -> Iterable[str]:
    yield f"imposed revision {event.number} of {teller.goal(event.goal)}"
    for change in event.changes:
        yield teller.change(change, event.reasons)


def _went_up(teller: Teller, event: DecisionEscalated) -> Iterable[str]:
    what = f"the {event.about} on {teller.goal(event.goal)}"
    if event.to is None:
        return [f"found nobody above {teller.names(event.from_people)} for {what}: it waits"]
    if event.cause == "gone":
        return [f"asked {teller.name(event.to)} for {what}, in place of who was asked before"]
    return [f"escalated {what} from {teller.names(event.from_people)} to {teller.name(event.to)}"]


def _objected(teller: Teller, event: AssignmentObjected) -> Iterable[str]:
    to = teller.name(event.decider)
    yield f"objected to the KPI {teller.goal(event.goal)}: {event.path} {event.counter} instead. {to} decides"
    yield f"reason: {text(event.reason)}"


def _objection_decided(teller: Teller, event: ObjectionDecided) -> Iterable[str]:
    about = f"{teller.goal(event.goal)}{_for(teller, event.on_behalf_of)}"
    yield f"decided on the objection to the KPI {about}: {event.outcome}"
    yield f"reason: {text(event.reason)}"


def _for(teller: Teller, principal: UUID | None) -> str:
    return f" for {teller.name(principal)}" if principal is not None else ""


WORDS |= {
    RevisionWithdrawn: _withdrawn,
    RevisionCommented: _commented,
    CommentResolved: _resolved,
    MediationOpened: _mediation_opened,
    MediationDecided: _mediation_decided,
    RevisionImposed: _imposed,
    DecisionEscalated: _went_up,
    AssignmentObjected: _objected,
    ObjectionDecided: _objection_decided,
}
