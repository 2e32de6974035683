"""The cycles that follow a cycle: the series as it was told, the next one to come, the next one that is open (R2.8)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from domain.cycle.windows import Period
from domain.sealed import CommonName
from domain.values import Duration, Frozen, Instant, WorkingDays


class Series(Frozen):
    """The cycles that are to follow this one (R2.8)."""

    months: Literal[1, 3, 6, 12]
    """How long each one's period is."""
    names: tuple[CommonName, ...] = Field(min_length=1, max_length=40)
    """Of those to come, in order: with the last one the series ends."""
    opens: Duration = WorkingDays(days=-15)
    """When each one's draft opens, from the start of its period (R2.1)."""

    @property
    def rest(self) -> Series | None:
        """The series as the next cycle has it; None where that is the last."""
        return self.model_copy(update={"names": self.names[1:]}) if len(self.names) > 1 else None


class Upcoming(Frozen):
    """The next cycle of the series, which is not open yet."""

    opens: Instant
    period: Period


class Following(Frozen):
    """The next cycle of the series, which is open."""

    cycle: UUID
    name: CommonName
    facilitator: UUID
    period: Period
    participants: tuple[UUID, ...]
    left_out: tuple[UUID, ...]
