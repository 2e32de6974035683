"""Every kind of stream, command and event there is. Importing it loads all rules."""

from __future__ import annotations

from typing import Any

import domain.cycle.access
import domain.cycle.agenda
import domain.cycle.amending
import domain.cycle.bypass
import domain.cycle.closing
import domain.cycle.exceptions
import domain.cycle.frameworks
import domain.cycle.holding
import domain.cycle.opening
import domain.cycle.participation
import domain.cycle.recomputing
import domain.cycle.results
import domain.cycle.series
import domain.directory.access
import domain.directory.agenda
import domain.directory.delegation
import domain.directory.effects
import domain.directory.founding
import domain.directory.lines
import domain.directory.people
import domain.directory.roles
import domain.directory.sites
import domain.directory.teams
import domain.metric.access
import domain.metric.agenda
import domain.metric.defining
import domain.metric.retiring
import domain.plan.access
import domain.plan.alignment
import domain.plan.alignment_answers
import domain.plan.amending
import domain.plan.assigning
import domain.plan.baseline
import domain.plan.comments
import domain.plan.drafting
import domain.plan.dropping
import domain.plan.duties
import domain.plan.escalating
import domain.plan.mediation
import domain.plan.metric_change
import domain.plan.moving
import domain.plan.negotiation
import domain.plan.objection
import domain.plan.parent_change
import domain.plan.pay
import domain.plan.result
import domain.plan.sending_back
import domain.plan.sharing
import domain.plan.signing
import domain.plan.tracking
import domain.plan.transferring
import domain.plan.visibility
import domain.plan.withdrawing  # noqa: F401 - a module registers its rules when it is loaded
from domain.cycle.state import cycle
from domain.decider import Decider
from domain.directory.state import directory
from domain.messages import Command, Event, Kind
from domain.metric.state import metric
from domain.plan.state import plan

DECIDERS: dict[Kind, Decider[Any]] = {decider.kind: decider for decider in (directory, cycle, plan, metric)}
COMMANDS: dict[str, tuple[Kind, type[Command]]] = {
    command.__name__: (kind, command) for kind, decider in DECIDERS.items() for command in decider.commands
}
CALLABLE: dict[str, tuple[Kind, type[Command]]] = {
    name: (kind, command) for name, (kind, command) in COMMANDS.items() if not (command.system or command.inner)
}
"""The commands that a caller may send."""
EVENTS: dict[str, type[Event]] = {event.__name__: event for decider in DECIDERS.values() for event in decider.events}
