"""Defining a metric, and defining it otherwise from a date on (R3.10).

A change of the definition is a version of its own and is told to every plan that rests on the metric; what a plan
signed names its version and stays as it is. Another name or data owner changes nothing that is counted: no version.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import model_validator

from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.requiring import require_person
from domain.messages import Command, Event, Wake
from domain.metric.state import Defined, MetricDefinition, MetricState, metric
from domain.problems import problem
from domain.sealed import AuthorText, CommonName
from domain.values import Instant

EXISTS = problem("metric.exists", 409, "This metric is defined already.", "Change it, or use another metric id.")
RETIRED = problem(
    "metric.retired", 409, "The metric is retired: it is no longer counted.", "Define another metric in its place."
)
NOTHING_CHANGED = problem(
    "metric.nothing_changed", 409, "The metric says this already.", "Change something, or leave it as it is."
)
DATED_BEFORE = problem(
    "metric.dated_before",
    422,
    "The present definition is valid from {begins}; another cannot be valid from {wanted}.",
    "Date the change from then on, or later.",
)


class DefineMetric(Command):
    """Define what the organization counts: a metric that outlives a quarter and serves many goals (R3.10)."""

    opens: ClassVar[bool] = True

    name: CommonName
    data_owner: UUID
    """A person who vouches for its numbers."""
    definition: MetricDefinition
    valid_from: Instant | None = None
    """Absent: from now on. A metric that was counted before it came here has a date in the past."""


class ChangeMetric(Command):
    """Define a metric otherwise, from a date if one is given; name it otherwise, or hand it to another data owner.

    What is absent stays. A definition is complete: a changed one is a new version of it (R3.10).
    """

    edits: ClassVar[bool] = True

    name: CommonName | None = None
    data_owner: UUID | None = None
    definition: MetricDefinition | None = None
    valid_from: Instant | None = None
    reason: AuthorText

    @model_validator(mode="after")
    def _dates_a_definition(self) -> ChangeMetric:
        if self.valid_from is not None and self.definition is None:
            raise ValueError("only a definition is valid from a date")
        return self


class MetricDefined(Event):
    """The organization counts something."""

    name: CommonName
    data_owner: UUID
    definition: MetricDefinition
    valid_from: Instant
    defined_at: Instant


class MetricChanged(Event):
    """A metric has another definition from a date on, or another name or data owner."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    name: CommonName | None = None
    data_owner: UUID | None = None
    definition: MetricDefinition | None = None
    """Absent: what is counted has not changed, nor has its version."""
    definition_version: int | None = None
    """With a definition: its version."""
    valid_from: Instant | None = None
    """With a definition: the date from which it is so."""
    changed_at: Instant
    reason: AuthorText

    def woken(self) -> frozenset[Wake]:
        """Only what is counted is any plan's concern."""
        return self.wakes if self.definition is not None else frozenset()


@metric.decides(DefineMetric)
def define_metric(state: MetricState, command: DefineMetric, context: Context) -> list[Event]:
    """Somebody active vouches for its numbers."""
    if state.definitions:
        raise EXISTS()
    require_person(directory_at(context), command.data_owner, "/data_owner")
    return [
        MetricDefined(
            name=command.name,
            data_owner=command.data_owner,
            definition=command.definition,
            valid_from=command.valid_from or context.at,
            defined_at=context.at,
        )
    ]


@metric.decides(ChangeMetric)
def change_metric(state: MetricState, command: ChangeMetric, context: Context) -> list[Event]:
    """What is counted changes forwards only: each definition begins no earlier than the one before it."""
    require_counted(state)
    require_person(directory_at(context), command.data_owner, "/data_owner")
    latest = state.latest
    begins = command.valid_from or context.at
    definition = command.definition if command.definition != latest.definition else None
    if definition is not None and begins < latest.valid_from:
        raise DATED_BEFORE("/valid_from", begins=latest.valid_from.isoformat(), wanted=begins.isoformat())
    name = command.name if command.name != state.name else None
    data_owner = command.data_owner if command.data_owner != state.data_owner else None
    if definition is None and name is None and data_owner is None:
        raise NOTHING_CHANGED("/definition" if command.definition is not None else "")
    return [
        MetricChanged(
            name=name,
            data_owner=data_owner,
            definition=definition,
            definition_version=None if definition is None else latest.version + 1,
            valid_from=None if definition is None else begins,
            changed_at=context.at,
            reason=command.reason,
        )
    ]


def require_counted(state: MetricState) -> None:
    """Refuse a metric that is retired."""
    if state.retired_at is not None:
        raise RETIRED()


@metric.evolves(MetricDefined)
def metric_defined(state: MetricState, event: MetricDefined) -> MetricState:
    first = Defined(version=1, definition=event.definition, valid_from=event.valid_from, decided_at=event.defined_at)
    return state.defined(first).model_copy(update={"name": event.name, "data_owner": event.data_owner})


@metric.evolves(MetricChanged)
def metric_changed(state: MetricState, event: MetricChanged) -> MetricState:
    kept = {"name": event.name or state.name, "data_owner": event.data_owner or state.data_owner}
    state = state.model_copy(update=kept)
    if event.definition is None or event.definition_version is None or event.valid_from is None:
        return state
    return state.defined(
        Defined(
            version=event.definition_version,
            definition=event.definition,
            valid_from=event.valid_from,
            decided_at=event.changed_at,
        )
    )
