"""Interleaved rounds: ours, theirs, ours, theirs … so that a machine that slows down slows both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median

Side = Callable[[float], Awaitable[float]]
"""Works for so many seconds and returns how many things a second came of it."""


@dataclass(frozen=True)
class Row:
    """One comparison. Figures are things a second, medians over the rounds."""

    name: str
    ours: float
    theirs: float
    ratio: float
    """Median of the rounds' own ratios, ours over theirs."""
    spread: tuple[float, float]
    """Smallest and largest ratio of a round."""


async def compare(name: str, ours: Side, theirs: Side, *, rounds: int, seconds: float) -> Row:
    """Run both sides in turn, after one round that does not count."""
    pairs = []
    for number in range(rounds + 1):
        pair = (await ours(seconds), await theirs(seconds))
        if number:
            pairs.append(pair)
    ratios = [our / their for our, their in pairs]
    return Row(
        name,
        median(our for our, _ in pairs),
        median(their for _, their in pairs),
        median(ratios),
        (min(ratios), max(ratios)),
    )
