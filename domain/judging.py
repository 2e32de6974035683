"""Was it allowed? Asks again of an event what was asked when it was decided: the auditor's side of `authorize`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access.first_events import FIRST_OF
from domain.access.grants import GRANTS
from domain.access.verdict import GOALCYCLE, NOBODY, Allow, Facts, authorize
from domain.cycle import access as of_cycle
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.access import FOUNDER, stands_in
from domain.directory.effects import in_effect
from domain.directory.founding import OrganizationFounded
from domain.directory.state import DIRECTORY, DirectoryState
from domain.messages import Event
from domain.metric import access as of_metric
from domain.metric.state import MetricState
from domain.plan import access as of_plan
from domain.plan.drafting import PlanOpened
from domain.plan.ground import ground_of
from domain.plan.state import PlanState
from domain.values import SYSTEM


def was_allowed(event: Event, actor: UUID, at: datetime, ref: Ref, states: Mapping[Ref, Any]) -> bool:
    """Whether some command that this event may be the first of was allowed to its actor by the rule that it names.

    `states` are those in front of the event; a stream without events is not there.
    """
    for action in FIRST_OF.get(type(event).__name__, ()):
        facts = GOALCYCLE if actor == SYSTEM else _facts(action, event, actor, at, ref, states)
        verdict = authorize(action, facts, GRANTS)
        if isinstance(verdict, Allow) and verdict.rule == event.allowed_by:
            return True
    return False


def _facts(action: str, event: Event, actor: UUID, at: datetime, ref: Ref, states: Mapping[Ref, Any]) -> Facts:
    directory: DirectoryState = in_effect(states.get(DIRECTORY, DirectoryState()), at)
    if ref.kind == "directory":
        if isinstance(event, OrganizationFounded):
            return FOUNDER if actor == event.first_person.id else NOBODY
        return Facts(stands_in(directory, actor))
    if ref.kind == "cycle":
        return of_cycle.facts_of(actor, directory, states.get(ref, CycleState()), at)
    if ref.kind == "metric":
        return of_metric.facts_of(actor, directory, states.get(ref, MetricState()))
    state: PlanState = states.get(ref, PlanState())
    cycle_id, owner = (event.cycle, event.owner) if isinstance(event, PlanOpened) else (state.cycle, state.owner)
    cycle: CycleState | None = states.get(Ref("cycle", cycle_id)) if cycle_id is not None else None
    if cycle is None or owner is None:
        return NOBODY
    found = ground_of(owner, cycle, directory)
    return of_plan.facts_of(action, actor, found, state, of_plan.goal_named(state, event), at)
