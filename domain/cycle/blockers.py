"""What keeps a phase from its end, and what passes over it: failing checks, a closing, bypasses (R2.4, R2.5)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.cycle.windows import Phase
from domain.sealed import AuthorText
from domain.values import Frozen, Instant


class Blocker(Frozen):
    """One failing check of a gate and who blocks it."""

    check: str
    """A stable code: `goals`, `agreement`, `acknowledgement`, `signature`, `late_plan`, `final_values`, `amendment`,
    `results`, `receipt`."""
    owner: UUID | None = None
    """Whose plan fails the check; None: the cycle as a whole."""
    goal: UUID | None = None


class GateFailure(Frozen):
    """A gate that failed at its deadline and waits for its blockers."""

    phase: Phase
    version: int
    blockers: tuple[Blocker, ...]


class Closing(Frozen):
    """A phase that is being closed: plan commands wait."""

    phase: Phase
    since: Instant
    version: int


class Bypass(Frozen):
    """A rule passed over by two people (R2.5)."""

    number: int
    subject: Literal["gate", "scoring", "chain"]
    phase: Phase
    """The phase it was asked for in, and serves in."""
    requested_by: UUID
    reason: AuthorText
    confirmed_by: UUID | None = None
    confirmation: AuthorText | None = None
    """The second person's reason."""
    used: bool = False
    """The phase closed by it, or the rules were changed by it."""
    over: bool = False
    """Its phase has ended: it serves no more."""

    @property
    def stands(self) -> bool:
        """Whether it waits for its second person, or to be used."""
        return not (self.used or self.over)
