"""Whether a revision asks less or more than what was signed (R5.7).

What can be compared is compared; what cannot (another unit, another wording of a zone) counts as both, so that it needs
what either needs: a reason, and the owner's acceptance.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from domain.goals import Kpi, Okr
from domain.key_results import KeyResult, Maintained, Measured
from domain.plan.diff import LISTS, Change, diff


class Way(StrEnum):
    """Which way a target moved."""

    EASED = "eased"
    RAISED = "raised"


EASED, RAISED = frozenset({Way.EASED}), frozenset({Way.RAISED})
NEITHER: frozenset[Way] = frozenset()
BOTH = EASED | RAISED
UNMOVED = frozenset({"title", "approach", "weight", "source", "data_owner", "frequency"})
"""Fields that say nothing of how much is asked."""
POINTS = frozenset({"threshold", "target", "stretch", "flat_from", "flat_to"})
"""A KPI's points: further in its direction is more."""
PAYS = frozenset({"threshold_pays", "stretch_pays"})
"""What a point pays: more for the same is less asked."""


def ways(before: Okr | Kpi, after: Okr | Kpi) -> Mapping[str, frozenset[Way]]:
    """Which way each change of a goal goes, by the difference's path."""
    items = {str(item.id): item for item in before.key_results} if isinstance(before, Okr) else {}
    return {change.path: _way(change, _item_of(change, items, before)) for change in diff(before, after)}


def eased(before: Okr | Kpi, after: Okr | Kpi) -> list[str]:
    """The paths at which less is asked."""
    return [path for path, way in ways(before, after).items() if Way.EASED in way]


def raised(before: Okr | Kpi, after: Okr | Kpi) -> list[str]:
    """The paths at which more is asked."""
    return [path for path, way in ways(before, after).items() if Way.RAISED in way]


def _item_of(change: Change, items: Mapping[str, KeyResult], goal: Okr | Kpi) -> KeyResult | Okr | Kpi:
    parts = change.path.split(".")
    return items.get(parts[1], goal) if len(parts) > 1 else goal


def _way(change: Change, item: KeyResult | Okr | Kpi) -> frozenset[Way]:
    *above, last = change.path.split(".")
    old, new = change.before, change.after
    if above and above[-1] in LISTS:
        return EASED if new is None else RAISED
    if last in UNMOVED:
        return NEITHER
    if last == "due":
        # Days are written so that later ones sort later; without one it is the period's last.
        return RAISED if old is None or (new is not None and new < old) else EASED
    if last == "ambition":
        return RAISED if new == "committed" else EASED
    if last == "red_line":
        return RAISED if old is None else EASED
    if last in ("low", "high") and (old is None or new is None):
        return RAISED if old is None else EASED
    more = _more(last, item)
    if more is None or old is None or new is None:
        return BOTH
    return RAISED if (Decimal(new) - Decimal(old)) * more > 0 else EASED


def _more(field: str, item: KeyResult | Okr | Kpi) -> int | None:
    """1 where a higher number asks more, -1 where a lower one does; None: numbers do not say."""
    if isinstance(item, Kpi):
        if field in PAYS:
            return -1
        return None if field not in POINTS else 1 if item.direction == "higher" else -1
    if isinstance(item, Measured) and field == "target":
        return 1 if item.kind == "increase" else -1
    if isinstance(item, Maintained):
        return {"low": 1, "high": -1}.get(field)
    return None
