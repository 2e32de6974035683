"""The events of a goal's talk as sentences: what was withdrawn, commented, mediated and objected to."""

from __future__ import annotations

from collections.abc import Iterable

from cli.replaying.words import WORDS, Teller
from domain.plan.withdrawing import RevisionWithdrawn


def _withdrawn(teller: Teller, event: RevisionWithdrawn) -> Iterable[str]:
    teller.learn(event.goal, event.back.definition)
    return [f"withdrew the revision of {teller.goal(event.goal)}: revision {event.back.number} stands again"]


WORDS |= {RevisionWithdrawn: _withdrawn}
