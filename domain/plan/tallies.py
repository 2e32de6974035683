"""What is known of a goal's numbers besides the last ones: what all make together, and the baseline that was found.

The values lie in `Goal`; the rules that make them are in readings and baseline.
"""

from __future__ import annotations

from decimal import Context, Decimal
from uuid import UUID

from domain.measuring import Unit
from domain.values import Frozen, Number

EXACT = Context(prec=200)
"""A quarter's sum has more digits than a number may have, and is rounded nowhere (R3.4)."""


class Tally(Frozen):
    """All numbers that were read of one measure. Its sums are no `Number`: nothing bounds how much is read."""

    readings: int = 0
    inside: int = 0
    """Of them those that lay in the band of that time (R3.1)."""
    total: Decimal = Decimal(0)
    out_of: Decimal = Decimal(0)
    """The sum of what each was out of, where a ratio is read (R3.2)."""

    def counted(self, value: Decimal, out_of: Decimal | None, *, inside: bool) -> Tally:
        """With one reading more."""
        return self.model_copy(
            update={
                "readings": self.readings + 1,
                "inside": self.inside + inside,
                "total": EXACT.add(self.total, value),
                "out_of": EXACT.add(self.out_of, out_of or Decimal(0)),
            }
        )


class Baseline(Frozen):
    """Where a KPI began, as it was found once (R3.2)."""

    value: Number
    unit: Unit
    by: UUID
