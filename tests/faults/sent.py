"""What clients remember of the commands they sent: the one side of the balance that the checker draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Verdict(StrEnum):
    """How one try of a command ended, as its sender knows it."""

    ACKNOWLEDGED = "acknowledged"
    """Answered as appended, now or before."""
    REFUSED = "refused"
    """Answered that nothing was or will be appended by this try."""
    DEFERRED = "deferred"
    """Told to come back later: nothing was appended by this try, and nothing is said of those before it."""
    UNSENT = "unsent"
    """No connection came about, so nothing was sent: it says nothing of the tries before it."""
    UNCHANGED = "unchanged"
    """Answered that there is nothing to append."""
    UNKNOWN = "unknown"
    """No answer, or one that leaves it open."""


@dataclass(frozen=True)
class Try:
    """One request."""

    verdict: Verdict
    sent_at: datetime
    answered_at: datetime
    code: str = ""
    """Why it was refused, or what is unknown of it."""
    first: int = 0
    last: int = 0
    """The positions that an acknowledgement names."""


@dataclass
class Sent:
    """One command, and all requests for it: the same person, route, key and body."""

    command_id: UUID
    name: str
    actor: UUID
    stream: UUID
    marker: str | None = None
    """A value that no other command carries and that its event shows: it must be in the log once or never."""
    tries: list[Try] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The best that its sender knows."""
        verdicts = {one.verdict for one in self.tries}
        best = (Verdict.ACKNOWLEDGED, Verdict.UNKNOWN, Verdict.UNCHANGED, Verdict.REFUSED, Verdict.DEFERRED)
        return next((verdict for verdict in best if verdict in verdicts), Verdict.UNSENT)
