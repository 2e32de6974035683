"""How somebody stands to a plan. Only the stands that the command's grants ask for are worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from domain.access.grants import PLAN
from domain.access.verdict import Facts, Stand
from domain.cycle.access import phase_of
from domain.cycle.state import CYCLE_UNKNOWN
from domain.decider import Context
from domain.messages import Command
from domain.plan.ground import Ground, ground
from domain.plan.state import PlanState, plan

NONE: frozenset[Stand] = frozenset()


class Asking(NamedTuple):
    """Somebody asks for something of a plan."""

    person: UUID
    found: Ground
    state: PlanState
    goal: UUID | None
    """The goal that it is about."""


def plan_facts(state: PlanState, command: Command, context: Context) -> Facts:
    """The facts of a command to a plan. Raises `plan.unknown`, `plan.id_mismatch`, `cycle.unknown`."""
    found = ground(state, context, command)
    if not found.cycle.opened:
        raise CYCLE_UNKNOWN()
    phase = phase_of(found.cycle, context.at)
    if not found.directory.is_active(context.actor):
        return Facts(NONE, phase, active=False)
    grants = PLAN.get(type(command).__name__)
    asking = Asking(context.actor, found, state, getattr(command, "goal", None))
    return Facts(stands_of(asking, grants.stands if grants else ()), phase)


def stands_of(asking: Asking, wanted: tuple[Stand, ...]) -> frozenset[Stand]:
    """Which of the wanted stands an active person has."""
    return frozenset([stand for stand in wanted if HOLDS[stand](asking)])


def _is_owner(asking: Asking) -> bool:
    return asking.person == asking.found.owner


def _is_counterpart(asking: Asking) -> bool:
    return asking.person in asking.found.counterpart


def _is_above(asking: Asking) -> bool:
    return _is_counterpart(asking) or asking.person in asking.found.directory.line_above(asking.found.owner)


def _is_assigner(asking: Asking) -> bool:
    goal: Any = asking.state.goals.get(asking.goal) if asking.goal is not None else None
    return goal is not None and goal.assigned_by == asking.person


def _is_approver(asking: Asking) -> bool:
    signing = asking.state.signing
    if signing is not None and signing.escalated_to == asking.person:
        return True
    return any(asking.person in people for people in asking.found.steps)


HOLDS: Mapping[Stand, Callable[[Asking], bool]] = {
    Stand.OWNER: _is_owner,
    Stand.COUNTERPART: _is_counterpart,
    Stand.FACILITATOR: lambda asking: asking.person == asking.found.cycle.facilitator,
    Stand.ABOVE: _is_above,
    Stand.ASSIGNER: _is_assigner,
    Stand.APPROVER: _is_approver,
    Stand.MEMBER: lambda _: True,
    Stand.SELF_OF_OWNER: _is_owner,
}
plan.facts, plan.grants = plan_facts, PLAN
