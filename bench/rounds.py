"""Interleaved rounds: ours, theirs, ours, theirs … so that a machine that slows down slows both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Sample:
    """What one side did in one round."""

    rate: float
    """Things a second."""
    p50: float | None = None
    """Seconds that half of them took at most."""


Side = Callable[[float], Awaitable[Sample]]
"""Works for so many seconds."""

Pair = tuple[Sample, Sample]
"""Ours and theirs of one round."""


@dataclass(frozen=True)
class Figure:
    """One comparison. Figures are medians over the rounds."""

    ours: float
    theirs: float | None = None
    ratio: float | None = None
    """Median of the rounds' own ratios. For a rate: ours over theirs; for a time as each row says."""
    spread: tuple[float, float] | None = None
    """Smallest and largest ratio of a round; without another side, smallest and largest of ours."""
    unit: str = "/s"


@dataclass(frozen=True)
class Row:
    """One line of the table, and what more was measured for it."""

    name: str
    figure: Figure
    more: dict[str, Figure] = field(default_factory=dict)


async def rounds(ours: Side, theirs: Side, *, count: int, seconds: float) -> list[Pair]:
    """Run both sides in turn, after a round that does not count."""
    await ours(min(seconds, 1.0))
    await theirs(min(seconds, 1.0))
    pairs = []
    for number in range(count):
        if number % 2:  # whoever comes second finds the other's dirty pages: take turns
            their = await theirs(seconds)
            pairs.append((await ours(seconds), their))
        else:
            our = await ours(seconds)
            pairs.append((our, await theirs(seconds)))
    return pairs


def rates(pairs: Sequence[Pair]) -> Figure:
    """Things a second, ours over theirs."""
    return compared([(ours.rate, theirs.rate) for ours, theirs in pairs])


def compared(pairs: Sequence[tuple[float, float]], unit: str = "/s", *, inverted: bool = False) -> Figure:
    """Medians over the rounds; the ratio is ours over theirs, or with `inverted` theirs over ours."""
    ratios = [their / our if inverted else our / their for our, their in pairs]
    return Figure(
        median(our for our, _ in pairs),
        median(their for _, their in pairs),
        median(ratios),
        (min(ratios), max(ratios)),
        unit,
    )


def reported(values: Sequence[float], unit: str = "/s") -> Figure:
    """A figure that nothing stands against."""
    return Figure(median(values), spread=(min(values), max(values)), unit=unit)
