"""What a plan and each of its goals came to, as the cycle published it."""

from __future__ import annotations

from uuid import UUID

from domain.values import Frozen, Number, Share


class GoalResult(Frozen):
    """A goal's computed outcome."""

    goal: UUID
    kind: str
    score: Share | None = None
    """OKR: 0.0-1.0, rounded to four places for show (R7.1)."""
    band: str | None = None
    """OKR: `red`, `amber` or `green`, from the unrounded score (R7.1)."""
    attainment: Number | None = None
    """KPI: percent of target (R3.3)."""
    payout: Number | None = None
    """KPI: percent by the payout curve (R3.3)."""
    points: Number | None = None
    """Bonus or deduction item: what it adds to the scorecard, or below zero takes (R3.3)."""
    red_line_crossed: bool | None = None
    """KPI with a red line: present where it lies short of its threshold (R3.3)."""


class PlanResult(Frozen):
    """A plan's outcome: both scores side by side, never mixed (R1)."""

    plan: UUID
    owner: UUID
    plan_hash: str
    okr_score: Share | None = None
    kpi_attainment: Number | None = None
    kpi_payout: Number | None = None
    """What the scorecard pays in the end: base and points, capped where a red line is crossed (R3.3)."""
    kpi_base: Number | None = None
    """What the KPIs within the 100 pay; absent where nothing else counts."""
    kpi_points: Number | None = None
    """What bonus items add and deduction items take."""
    red_line_crossed: bool | None = None
    goals: tuple[GoalResult, ...] = ()
    published: int | None = None
    """The cycle's version that published it: after a re-opening even an equal result is another one, so that the
    old acknowledgement no longer counts (R2.7)."""
    hash: str = ""
    """What an acknowledgement refers to (R7.4)."""
