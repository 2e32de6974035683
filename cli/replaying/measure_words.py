"""The events of measures as sentences."""

from __future__ import annotations

from collections.abc import Iterable

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.plan.baseline import BaselineSet


def _baseline_set(teller: Teller, event: BaselineSet) -> Iterable[str]:
    yield f"established the baseline of {teller.goal(event.goal)}: {event.value} {event.unit}"
    if event.reason is not None:
        yield f"reason: {text(event.reason)}"


WORDS |= {BaselineSet: _baseline_set}
