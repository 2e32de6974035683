"""The events of a goal's talk as sentences: what was withdrawn, commented, mediated and objected to."""

from __future__ import annotations

from collections.abc import Iterable

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.plan.comments import CommentResolved, RevisionCommented
from domain.plan.withdrawing import RevisionWithdrawn


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


WORDS |= {RevisionWithdrawn: _withdrawn, RevisionCommented: _commented, CommentResolved: _resolved}
