"""How somebody stands to a plan and to a goal of it. Only the stands that are asked for are worked out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.access.verdict import Grants, Stand
from domain.directory.auditing import audits
from domain.directory.state import Role
from domain.goals import Kpi
from domain.plan.above import asked_above
from domain.plan.approvers import in_chain, stands_in
from domain.plan.goal import Goal
from domain.plan.ground import Ground
from domain.plan.state import PlanState


class Asking(NamedTuple):
    """An active person asks for something of a plan."""

    person: UUID
    found: Ground
    state: PlanState
    goal: Goal | None
    """The goal that it is about."""


def stands_of(asking: Asking, wanted: Iterable[Stand]) -> frozenset[Stand]:
    """Which of the wanted stands an active person has."""
    return frozenset([stand for stand in wanted if HOLDS[stand](asking)])


def _is_contributor(asking: Asking) -> bool:
    """Also who has not answered yet: they must see what they are asked for."""
    return asking.goal is not None and asking.person in asking.goal.contributors


def stands_for(asking: Asking, grants: Grants) -> frozenset[Stand]:
    """The stands by which an active person is judged: of a single grant its bars, and the first stand that is held.

    What comes behind that changes no verdict, and to find out whose delegates somebody is walks the chain.
    """
    if len(grants.grants) > 1:
        return stands_of(asking, grants.stands)
    (grant,) = grants.grants
    bars = frozenset([bar for bar in grant.unless if HOLDS[bar](asking)]) if grant.unless else NONE
    for stand in grant.stands:
        if HOLDS[stand](asking):
            return bars | {stand} if bars else ALONE[stand]
    return bars


def _is_owner(asking: Asking) -> bool:
    return asking.person == asking.found.owner


def _is_counterpart(asking: Asking) -> bool:
    return asking.person in asking.found.counterpart


def _is_above(asking: Asking) -> bool:
    found = asking.found
    return asking.person in found.manager or asking.person in found.directory.line_above(found.owner)


def _is_approver(asking: Asking) -> bool:
    return in_chain(asking.found, asking.state.signing, asking.person)


def _is_delegate(asking: Asking) -> bool:
    return stands_in(asking.found, asking.state.signing, asking.person)


def _is_unit_hr(asking: Asking) -> bool:
    directory = asking.found.directory
    return directory.has_role(asking.person, Role.UNIT_HR, directory.unit_of(asking.found.plan_owner))


def _is_auditor(asking: Asking) -> bool:
    directory = asking.found.directory
    return audits(directory, asking.person, directory.unit_of(asking.found.plan_owner))


def _is_self_of_owner(asking: Asking) -> bool:
    return asking.found.directory.human(asking.person) == asking.found.human


def _is_assigner(asking: Asking) -> bool:
    return asking.goal is not None and asking.goal.assigned_by == asking.person


def _is_data_owner(asking: Asking) -> bool:
    definition = asking.goal.definition if asking.goal is not None else None
    return isinstance(definition, Kpi) and definition.data_owner == asking.person


def _is_author(asking: Asking) -> bool:
    return asking.goal is not None and asking.person in (asking.goal.author, asking.goal.first_author)


def _is_parent_owner(asking: Asking) -> bool:
    """Whoever is to answer must see what asks (R3.7)."""
    edges, responsible = asking.state.edges, asking.found.directory.responsible
    return asking.goal is not None and any(
        edge.goal == asking.goal.id and responsible(edge.parent_owner) == asking.person for edge in edges.values()
    )


def _is_mediator(asking: Asking) -> bool:
    """While mediation is open, and for what they imposed."""
    goal = asking.goal
    if goal is None:
        return False
    if goal.mediation is not None:
        return asking.person in asked_above(goal, asking.found)
    return goal.imposed == goal.hash and goal.author == asking.person


def _is_decider(asking: Asking) -> bool:
    goal = asking.goal
    return goal is not None and goal.objected and asking.person in asked_above(goal, asking.found)


def _is_viewer(asking: Asking) -> bool:
    return asking.goal is not None and asking.person in asking.goal.viewers


OF_GOAL: Mapping[Stand, Callable[[Asking], bool]] = {
    Stand.ASSIGNER: _is_assigner,
    Stand.AUTHOR: _is_author,
    Stand.CONTRIBUTOR: _is_contributor,
    Stand.DATA_OWNER: _is_data_owner,
    Stand.DECIDER: _is_decider,
    Stand.MEDIATOR: _is_mediator,
    Stand.PARENT_OWNER: _is_parent_owner,
    Stand.VIEWER: _is_viewer,
}
HOLDS: Mapping[Stand, Callable[[Asking], bool]] = {
    **OF_GOAL,
    Stand.ABOVE: _is_above,
    Stand.APPROVER: _is_approver,
    Stand.AUDITOR: _is_auditor,
    Stand.COUNTERPART: _is_counterpart,
    Stand.DELEGATE: _is_delegate,
    Stand.FACILITATOR: lambda asking: asking.person == asking.found.cycle.facilitator,
    Stand.MEMBER: lambda _: True,
    Stand.OWNER: _is_owner,
    Stand.SELF_OF_OWNER: _is_self_of_owner,
    Stand.SYSTEM: lambda _: False,  # nobody in the directory is goalcycle itself
    Stand.UNIT_HR: _is_unit_hr,
}
NONE: frozenset[Stand] = frozenset()
ALONE: Mapping[Stand, frozenset[Stand]] = {stand: frozenset({stand}) for stand in HOLDS}
