"""The events of metrics as sentences, and of the plans that use them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cli.replaying.definitions import text
from cli.replaying.words import WORDS, Teller
from domain.metric.defining import MetricChanged, MetricDefined
from domain.metric.retiring import MetricRetired
from domain.metric.state import MetricDefinition
from domain.plan.metric_change import DefinitionChanged, DefinitionKept


def _defined(teller: Teller, event: MetricDefined) -> Iterable[str]:
    yield f"defined the metric “{text(event.name)}”, valid from {event.valid_from:%Y-%m-%d %H:%M} UTC"
    yield f"vouched for by {teller.name(event.data_owner)}"
    yield from _says(event.definition)


def _changed(teller: Teller, event: MetricChanged) -> Iterable[str]:
    if event.definition is not None and event.valid_from is not None:
        begins = f"{event.valid_from:%Y-%m-%d %H:%M} UTC"
        yield f"defined the metric otherwise: version {event.definition_version}, valid from {begins}"
        yield from _says(event.definition)
    else:
        yield "changed how the metric is kept"
    if event.name is not None:
        yield f"called “{text(event.name)}” from now on"
    if event.data_owner is not None:
        yield f"vouched for by {teller.name(event.data_owner)} from now on"
    yield f"reason: {text(event.reason)}"


def _says(definition: MetricDefinition) -> Iterator[str]:
    way = "" if definition.direction is None else f", {definition.direction} is better"
    yield f"counts {definition.unit}{way}, the {definition.aggregation.replace('_', ' ')} of its readings"
    if definition.meaning is not None:
        yield f"meaning: {text(definition.meaning)}"
    if definition.source is not None:
        yield f"source: {text(definition.source)}"


def _retired(teller: Teller, event: MetricRetired) -> Iterable[str]:
    return ["retired the metric: it is no longer counted", f"reason: {text(event.reason)}"]


def _told(teller: Teller, event: DefinitionChanged) -> Iterable[str]:
    goals = ", ".join(teller.goal(goal) for goal in event.goals)
    what = "is no longer counted" if event.retired else f"is at version {event.now.version} of its definition now"
    return [f"told the owner that the metric {teller.goal(event.now.metric)}, by which {goals} is counted, {what}"]


def _kept(teller: Teller, event: DefinitionKept) -> Iterable[str]:
    seen = f"version {event.seen.version}" + (", and that it is no longer counted" if event.retired else "")
    metric = teller.goal(event.seen.metric)
    yield f"keeps {teller.goal(event.goal)} as it is counted, knowing of {seen} of the metric {metric}"
    if event.reason is not None:
        yield f"reason: {text(event.reason)}"


WORDS |= {
    MetricDefined: _defined,
    MetricChanged: _changed,
    MetricRetired: _retired,
    DefinitionChanged: _told,
    DefinitionKept: _kept,
}
