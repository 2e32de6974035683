"""What the second book holds a metric to, and the plans that use it, event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.messages import Event
from domain.metric import defining, retiring
from domain.plan import metric_change

if TYPE_CHECKING:
    from tests.domain.book.kept import Book, Plan


@dataclass
class Metric:
    owner: UUID
    begins: list[datetime] = field(default_factory=list)
    """The dates of its definitions; the first is version 1."""
    retired: bool = False

    def counting(self, end: datetime) -> int:
        return max((version for version, begins in enumerate(self.begins, 1) if begins < end), default=1)


def told_metric(book: Book, metric: UUID, actor: UUID, at: datetime, event: Event) -> None:
    if isinstance(event, defining.MetricDefined):
        assert metric not in book.metrics, "defined twice"
        assert actor == book.admin, "somebody defined what the organization counts"
        book.metrics[metric] = Metric(event.data_owner, [event.valid_from])
        return
    found = book.metrics[metric]
    assert not found.retired, "a retired metric changed"
    assert actor in (book.admin, found.owner), "somebody changed what another vouches for"
    assert book.people[actor].active
    if isinstance(event, retiring.MetricRetired):
        found.retired = True
        assert event.retired_at == at
    elif isinstance(event, defining.MetricChanged):
        found.owner = event.data_owner or found.owner
        assert book.people[found.owner].active or event.data_owner is None, "handed to somebody who has left"
        assert (event.definition is None) == (event.valid_from is None) == (event.definition_version is None)
        if event.valid_from is not None:
            found.begins.append(event.valid_from)
            assert event.definition_version == len(found.begins), "a version was left out"
            assert found.begins == sorted(found.begins), "a definition begins before the one before it"


def named(book: Book, event: Any) -> None:
    """Keep what a definition names, by its hash: whatever has that hash names the same."""
    definition = getattr(event, "definition", None)
    if definition is None:
        return
    measures = getattr(definition, "key_results", (definition,))
    found = {(one.metric, one.version) for one in (getattr(item, "metric", None) for item in measures) if one}
    for metric, version in found:
        assert version <= len(book.metrics[metric].begins), "a version was named that there is not"
    book.named[event.hash] = found


def looked(book: Book, plan: Plan, actor: UUID, event: Event) -> bool:
    """Judge what a plan was told of a metric, or keeps knowingly; whether it was that."""
    if not isinstance(event, metric_change.DefinitionChanged | metric_change.DefinitionKept):
        return False
    seen = event.now if isinstance(event, metric_change.DefinitionChanged) else event.seen
    metric, knows = book.metrics[seen.metric], (seen.version, bool(event.retired))
    assert book.period_ends is not None
    assert knows == (metric.counting(book.period_ends), metric.retired), "told of what does not count"
    otherwise = {
        id
        for id, goal in plan.goals.items()
        for of, version in book.named.get(goal.hash, ())
        if of == seen.metric and (metric.retired or version < seen.version)
    }
    if isinstance(event, metric_change.DefinitionKept):
        assert actor == plan.person, "somebody else kept it"
        assert event.goal in otherwise, "there was nothing to keep"
    else:
        assert set(event.goals) == otherwise, "told of other goals than those that say otherwise"
        assert plan.looks.get(seen.metric) != knows, "told of it twice"
    plan.looks[seen.metric] = knows
    return True
