"""Whom a talk goes to that its sides cannot end: a mediator, and who decides on an objection (R4.2, R4.3).

All are asked for anew each time: who has left, or has come to be on a side, is passed over without a command.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.plan.goal import Goal
from domain.plan.ground import Ground, beyond, next_above


def asked_on(goal: Goal, found: Ground) -> list[UUID]:
    """Whom an OKR's turn or mediation, or a KPI's objection, waits for; nobody where nobody is left to ask."""
    if goal.decision is not None:
        return asked_above(goal, found)
    if goal.turn is None:
        return []
    return sorted(found.people_of(goal.turn))


def asked_above(goal: Goal, found: Ground) -> list[UUID]:
    """Who may end the talk from above: whom it went to first, or who stands in for them, each level above that it went
    up to since, and their delegates (R5.5).
    """
    asked, sides = _principals(goal, found), _sides(goal, found)
    delegates = [to for one in asked for to in sorted(found.directory.delegates_of(one)) if _may(to, found, sides)]
    return list(dict.fromkeys([*asked, *delegates])) if delegates else asked


def decides_for(goal: Goal, found: Ground, person: UUID) -> UUID | None:
    """For whom somebody who may end the talk does so as a delegate; None where they were asked themselves."""
    asked = _principals(goal, found)
    if person in asked:
        return None
    return next((one for one in asked if person in found.directory.delegates_of(one)), None)


def _principals(goal: Goal, found: Ground) -> list[UUID]:
    decision = goal.decision
    if decision is None:
        return []
    first = _first(goal, found)
    if not decision.escalated_to:
        return [] if first is None else [first]
    sides = _sides(goal, found)
    up = [to for to in decision.escalated_to if _may(to, found, sides)]
    return list(dict.fromkeys([first, *up] if first is not None else up))


def stand_in(goal: Goal, found: Ground) -> UUID | None:
    """Who is asked in place of those whom it went to, and was not told yet."""
    decision, first = goal.decision, _first(goal, found)
    return None if decision is None or first in decision.asked else first


def level_above(goal: Goal, found: Ground) -> UUID | None:
    """Whom it goes to when all keep silent who are asked; None where nobody is left above."""
    asked = asked_above(goal, found)
    if goal.objected:
        return _next_decider(goal, found, asked)
    return next_above(found, found.counterpart.union(asked))


def mediator_of(found: Ground, goal: Goal) -> UUID | None:
    """Who mediates first: whom it went to, or else the next above the counterpart; None where nobody is left (R4.3).

    Never somebody who is on a side, nor the owner by another account (R5.4).
    """
    chosen = goal.mediation.mediator if goal.mediation is not None else None
    if chosen is not None and _may(chosen, found, _sides(goal, found)):
        return chosen
    return next_above(found, found.counterpart)


def decider_of(found: Ground, goal: Goal) -> UUID | None:
    """Who decides first on an objection: the next above who assigned the KPI, where the line ends a board approver
    (R4.2).

    Neither who assigned it, nor who wrote its present revision, nor the owner; None where nobody is left.
    """
    return _next_decider(goal, found, ())


def _next_decider(goal: Goal, found: Ground, asked: Iterable[UUID]) -> UUID | None:
    line = list(found.directory.line_above(_assigner(goal)))
    return beyond(found.directory, line, asked, (_assigner(goal), goal.author, found.owner))


def _first(goal: Goal, found: Ground) -> UUID | None:
    return decider_of(found, goal) if goal.objected else mediator_of(found, goal)


def _assigner(goal: Goal) -> UUID:
    return goal.assigned_by or goal.first_author


def _may(person: UUID, found: Ground, sides: set[UUID]) -> bool:
    return found.directory.is_active(person) and found.directory.human(person) not in sides


def _sides(goal: Goal, found: Ground) -> set[UUID]:
    """The humans who have spoken in the talk for themselves: they end nothing from above."""
    human = found.directory.human
    if goal.definition.kind == "kpi":
        return {human(person) for person in (_assigner(goal), goal.author, found.owner)}
    return {human(person) for person in found.counterpart | {found.owner}}
