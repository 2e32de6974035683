"""What a stream owes: the duties due now, and the next instant at which something falls due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.messages import Command


@dataclass(frozen=True)
class Duty:
    """One item of an agenda.

    `key` names it for ever: kind, subject, the version that created it and the due instant, so that a re-opened
    phase owes anew and the same duty is never performed twice. It holds no text and no name.
    """

    key: str
    due: datetime
    command: Command


@dataclass(frozen=True)
class Agenda:
    """The duties due now, in order; when the next falls due; what the workflow must know besides."""

    due: tuple[Duty, ...] = ()
    next_due: datetime | None = None
    phase: str = ""
    closed: bool = False
    """Nothing will ever be owed again: the workflow may end."""
    watching: bool = False
    """Facts of dependants must wake this stream now (a gate failed at its deadline and waits for its blockers)."""
    quiet_seconds: int = 0
    """Seconds that lie at least between two looks while watching, however many facts come in."""
    summary: str = ""
    """One sentence for Temporal's own screens, without names or texts."""


def agenda_of(duties: Iterable[Duty], now: datetime, **rest: object) -> Agenda:
    """Split duties into those due now, in the order they fell due, and the instant of the next one."""
    ordered = sorted(duties, key=lambda duty: (duty.due, duty.key))
    due = tuple(duty for duty in ordered if duty.due <= now)
    later = [duty.due for duty in ordered if duty.due > now]
    return Agenda(due=due, next_due=later[0] if later else None, **rest)  # type: ignore[arg-type]
