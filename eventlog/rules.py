"""Proof of the rules: each command's first event names the rule that allowed it, and as of its position it did (R8).

Folds the whole log once, in order. Where one request changed several streams, its events are looked at in their order
in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.decider import Ref
from domain.judging import was_allowed
from domain.registry import DECIDERS
from eventlog.codec import Codec
from eventlog.log import Log
from eventlog.verify import PAGE


@dataclass(frozen=True)
class RulesReport:
    """What was asked again, and the first event whose rule did not allow it."""

    organization: UUID
    events: int
    commands: int
    """Events that name their rule."""
    silent: int
    """Events that name none: those that follow the first of their command, and all from before there were rules."""
    last_position: int
    fault: str | None = None

    @property
    def holds(self) -> bool:
        """Whether no fault was found."""
        return self.fault is None


async def verify_rules(log: Log, codec: Codec, organization: UUID) -> RulesReport:
    """Ask again of an organization's whole log as it stands when the walk begins."""
    target, position, commands = await log.last_position(organization), 0, 0
    states: dict[Ref, Any] = {}
    while position < target:
        page = await log.read_feed(organization, after=position, limit=min(PAGE, target - position))
        if not page:
            fault = f"the log ends at position {position} and says it has {target}"
            return RulesReport(organization, position, commands, position - commands, position, fault)
        for record in page:
            event, ref = codec.decode(record), Ref(record.kind, record.stream)
            if event.allowed_by is not None:
                if not was_allowed(event, record.actor, record.at, ref, states):
                    fault = f"position {record.position}: {event.allowed_by} did not allow {record.type} to its actor"
                    return RulesReport(organization, position, commands, position - commands, position, fault)
                commands += 1
            decider = DECIDERS[record.kind]
            states[ref] = decider.evolve(states.get(ref, decider.initial), event)
            position = record.position
    return RulesReport(organization, position, commands, position - commands, position)
