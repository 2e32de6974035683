"""Key results that say where a number stands and where it shall be: `from 12 to 20 orders`, `从 12 到 20 单`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,9})?"
_PATTERN = re.compile(
    rf"(?:(?<!\w)from\s+|[从由]\s*)(?P<start>{_NUMBER})\s*(?P<unit>%|[^\s\d]\S{{0,11}})?"
    rf"\s*(?:\bto\b|[提升高降下低增加减少]{{0,2}}[到至])\s*(?P<end>{_NUMBER})(?![\d.,]*\d)\s*(?P<rest>.*)",
    re.I | re.S,
)
_UNIT_MAX = 32
_UNIT_WORDS = 3


@dataclass(frozen=True)
class Measure:
    """What a title measures."""

    title: str
    unit: str
    baseline: Decimal
    target: Decimal


def measure_of(title: str) -> Measure | None:
    """The measure in a title; None where it says none.

    The unit is what follows the target (at most three words), and the title what stands before. A longer end stays
    in the title whole, and its first word is the unit. Without a unit (`from 2018 to 2019`) it is no measure.
    """
    found = _PATTERN.search(title)
    if found is None:
        return None
    baseline, target = (Decimal(found[name].replace(",", "")) for name in ("start", "end"))
    rest = " ".join(found["rest"].split()).rstrip(".。;；")
    if not rest:
        rest = found["unit"] or ""
    if not rest or baseline == target:
        return None
    before = title[: found.start()].strip(" :：-–—,，")
    if len(rest) <= _UNIT_MAX and len(rest.split()) <= _UNIT_WORDS and before:
        return Measure(before, rest, baseline, target)
    unit = rest.split()[0].rstrip(".,;:。，；：")[:_UNIT_MAX]
    return Measure(title, unit, baseline, target) if unit else None
