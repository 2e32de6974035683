"""How somebody stands to a metric."""

from __future__ import annotations

from uuid import UUID

from domain.access.grants import METRIC
from domain.access.verdict import Facts, Stand
from domain.decider import Context
from domain.directory.access import stands_in
from domain.directory.effects import directory_at
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DirectoryState
from domain.messages import Command
from domain.metric.state import METRIC_UNKNOWN, MetricState, metric


def metric_facts(state: MetricState, command: Command, context: Context) -> Facts:
    """The facts of a command to a metric. Raises `organization.unknown`, `metric.unknown`."""
    directory = directory_at(context)
    if not directory.founded:
        raise NOT_FOUNDED()
    if not state.definitions and not command.opens:
        raise METRIC_UNKNOWN()
    return facts_of(context.actor, directory, state)


def facts_of(person: UUID, known: DirectoryState, state: MetricState) -> Facts:
    """The facts of an action of somebody on a metric."""
    stands = stands_in(known, person)
    return Facts(stands | {Stand.DATA_OWNER} if stands and person == state.data_owner else stands)


metric.facts, metric.grants = metric_facts, METRIC
