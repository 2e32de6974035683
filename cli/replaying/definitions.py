"""What a goal says and what was read of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

from domain.goals import Kpi, Okr
from domain.key_results import KeyResult, Maintained, Measured, Milestones, Ordinal, YesNo
from domain.measuring import MetricVersion
from domain.plan.goal import Reading
from domain.sealed import Sealed

ERASED = "(erased)"


def text(sealed: Sealed) -> str:
    """A text, or that it was erased."""
    return sealed.text if sealed.text is not None else ERASED


def definition_lines(definition: Okr | Kpi, titles: Mapping[UUID, str]) -> Iterator[str]:
    """A goal's content, a line each. `titles`: what metrics are called."""
    due = f", due {definition.due}" if definition.due is not None else ""
    if isinstance(definition, Kpi):
        points = f"threshold {definition.threshold}, target {definition.target}, stretch {definition.stretch}"
        yield f"weight {definition.weight} %, {points} {definition.unit}{due}"
        yield from _terms(definition, titles)
        return
    yield f"weight {definition.weight} %, {definition.ambition.value}{due}"
    if definition.approach is not None:
        yield f"approach: {text(definition.approach)}"
    for result in definition.key_results:
        until = f", due {result.due}" if result.due is not None else ""
        yield f"key result: {text(result.title)} ({_says(result)}{until})"
        if isinstance(result, Measured | Maintained) and result.metric is not None:
            yield f"  {_counted(result.metric, titles)}"


def _terms(kpi: Kpi, titles: Mapping[UUID, str]) -> Iterator[str]:
    """What a KPI says besides its points."""
    if kpi.item is not None:
        yield f"a {kpi.item} item outside the 100"
    if kpi.red_line:
        yield "a red line: short of its threshold it caps the scorecard"
    if kpi.aggregation is not None:
        yield f"counts the {kpi.aggregation.replace('_', ' ')} of its readings"
    if kpi.source is not None:
        yield f"source: {text(kpi.source)}"
    if kpi.metric is not None:
        yield _counted(kpi.metric, titles)


def _counted(metric: MetricVersion, titles: Mapping[UUID, str]) -> str:
    return f"counted by the metric “{titles.get(metric.metric, str(metric.metric))}” at version {metric.version}"


def _says(result: KeyResult) -> str:
    match result:
        case Measured():
            return f"{result.baseline} to {result.target} {result.unit}"
        case Maintained():
            return f"{_band(result.low, result.high)} {result.unit}"
        case Milestones():
            return "; ".join(text(step.title) for step in result.milestones)
        case Ordinal():
            zones = {"commit": result.commit, "target": result.target, "stretch": result.stretch}
            return "; ".join(f"{zone}: {text(words)}" for zone, words in zones.items())
        case YesNo():
            return "yes or no"


def _band(low: Decimal | None, high: Decimal | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"kept from {low} to {high}"


def reading_words(reading: Reading, titles: Mapping[UUID, str]) -> str:
    """A value, a zone, or the milestones reached by their titles."""
    if reading.done is not None:
        return "reached " + ("; ".join(titles.get(step, str(step)) for step in reading.done) or "nothing")
    if reading.zone is not None:
        return f"zone {reading.zone}"
    return f"{reading.value}" if reading.of is None else f"{reading.value} of {reading.of}"
