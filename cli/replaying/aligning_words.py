"""The events of alignments as sentences: asked, answered, looked at again, and why there is none."""

from __future__ import annotations

from collections.abc import Iterable

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.plan.alignment import AlignmentAccepted, AlignmentConfirmed, AlignmentRequested, OrphanExplained
from domain.plan.alignment_answers import AlignmentDeclined
from domain.plan.parent_change import ParentChanged


def _requested(teller: Teller, event: AlignmentRequested) -> Iterable[str]:
    part = f"{teller.goal(event.key_result)} of " if event.key_result is not None else ""
    yield f"asked {teller.name(event.parent_owner)} to take {part}{teller.goal(event.goal)} for a child of a goal there"
    if event.reason is not None:
        yield f"because: {text(event.reason)}"


def _accepted(teller: Teller, event: AlignmentAccepted) -> Iterable[str]:
    return [f"accepted {teller.goal(event.goal)} for a child"]


def _confirmed(teller: Teller, event: AlignmentConfirmed) -> Iterable[str]:
    return [f"found that {teller.goal(event.goal)} still fits its parent"]


def _declined(teller: Teller, event: AlignmentDeclined) -> Iterable[str]:
    what = "withdrew the alignment of" if event.withdrawn else "declined the alignment of"
    return [f"{what} {teller.goal(event.goal)}", f"because: {text(event.reason)}"]


def _explained(teller: Teller, event: OrphanExplained) -> Iterable[str]:
    return [f"said why {teller.goal(event.goal)} has no parent", f"because: {text(event.reason)}"]


def _parent_changed(teller: Teller, event: ParentChanged) -> Iterable[str]:
    what = "is gone" if event.parent_hash is None else "has changed"
    return [f"told the owner that a parent of {teller.goal(event.goal)} {what}"]


WORDS |= {
    AlignmentRequested: _requested,
    AlignmentAccepted: _accepted,
    AlignmentConfirmed: _confirmed,
    AlignmentDeclined: _declined,
    OrphanExplained: _explained,
    ParentChanged: _parent_changed,
}
