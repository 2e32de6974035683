"""Whom a talk goes to that its sides cannot end: a mediator, and who decides on an objection (R4.2, R4.3).

Both are asked for anew each time: who has left, or has come to be on a side, is passed over without a command.
"""

from __future__ import annotations

from uuid import UUID

from domain.directory.state import Role
from domain.plan.goal import Goal
from domain.plan.ground import Ground, next_above


def asked_on(goal: Goal, found: Ground) -> list[UUID]:
    """Whom an OKR's turn or mediation, or a KPI's objection, waits for; nobody where nobody is left to ask."""
    if goal.mediation is not None or goal.objected:
        asked = decider_of(found, goal) if goal.objected else mediator_of(found, goal)
        return [] if asked is None else [asked]
    if goal.turn is None:
        return []
    return sorted(found.people_of(goal.turn))


def mediator_of(found: Ground, goal: Goal) -> UUID | None:
    """Who mediates: whom it went to, or else the next above the counterpart; None where nobody is left (R4.3).

    Never somebody who is on a side, nor the owner by another account (R5.4).
    """
    chosen = goal.mediation.mediator if goal.mediation is not None else None
    human = found.directory.human
    sides = {human(person) for person in found.counterpart | {found.owner}}
    if chosen is not None and found.directory.is_active(chosen) and human(chosen) not in sides:
        return chosen
    return next_above(found, found.counterpart)


def decider_of(found: Ground, goal: Goal) -> UUID | None:
    """Who decides on an objection: the next above who assigned the KPI, where the line ends a board approver (R4.2).

    Neither who assigned it, nor who wrote its present revision, nor the owner; None where nobody is left.
    """
    human = found.directory.human
    assigner = goal.assigned_by or goal.first_author
    out = {human(person) for person in (assigner, goal.author, found.owner)}
    board = sorted(found.directory.holders(Role.BOARD_APPROVER))
    line = [*found.directory.line_above(assigner), *board]
    return next((person for person in line if human(person) not in out), None)
