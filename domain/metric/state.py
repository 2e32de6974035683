"""What is known of a metric: its definitions by date, who vouches for its numbers, and whether it is still counted.

Invariant: definitions are numbered without a gap and in the order of their dates; none is ever altered or taken back,
so that a goal which names one says the same for ever (R3.10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY
from domain.measuring import Aggregation, Direction, Frequency, Unit
from domain.messages import Command
from domain.problems import problem
from domain.sealed import CommonName, CommonText
from domain.values import Frozen, Instant

METRIC_UNKNOWN = problem("metric.unknown", 404, "There is no such metric.", "Define it first with DefineMetric.")


class MetricDefinition(Frozen):
    """What a metric counts, and how."""

    meaning: CommonText | None = None
    """What is counted and what is not, in words."""
    unit: Unit
    direction: Direction | None = None
    """Absent: neither way is better by itself."""
    aggregation: Aggregation = "last"
    frequency: Frequency | None = None
    source: CommonText | None = None
    """Where the number comes from."""


class Defined(Frozen):
    """A version of a metric's definition and the date from which it is so."""

    version: int
    """1, 2, 3 …: what a goal names."""
    definition: MetricDefinition
    valid_from: Instant
    decided_at: Instant


class MetricState(Frozen):
    """The metric after its events."""

    version: int = 0
    name: CommonName | None = None
    data_owner: UUID | None = None
    """Who vouches for its numbers."""
    definitions: tuple[Defined, ...] = ()
    """In the order of their dates and of their versions."""
    retired_at: Instant | None = None
    """Since when it is no longer counted."""

    @property
    def latest(self) -> Defined:
        """The definition that was decided last, whenever it begins. Raises `metric.unknown`."""
        if not self.definitions:
            raise METRIC_UNKNOWN()
        return self.definitions[-1]

    def at(self, instant: datetime) -> Defined:
        """The definition of an instant: what a reading of it is read by; the first, for whatever lies before it."""
        return next((one for one in reversed(self.definitions) if one.valid_from <= instant), self.definitions[0])

    def counting(self, end: datetime) -> Defined:
        """The definition that counts in a period which ends then: the last one that begins before its end."""
        return next((one for one in reversed(self.definitions) if one.valid_from < end), self.definitions[0])

    def at_version(self, version: int) -> Defined | None:
        """A definition by its version; None where the metric has no such version."""
        return self.definitions[version - 1] if 1 <= version <= len(self.definitions) else None

    def defined(self, one: Defined) -> MetricState:
        """The metric with one more definition. For evolve steps."""
        return self.model_copy(update={"definitions": (*self.definitions, one)})


def metric_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    """Who may keep a metric, and who can vouch for its numbers, the directory says."""
    del stream, state, states
    return () if command is None else (DIRECTORY,)


metric = Decider(kind="metric", initial=MetricState(), needs=metric_needs)
