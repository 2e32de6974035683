"""Whom an auditor audits: all of their legal entity (R8).

A role held within a unit reaches as far as the legal entity that the unit belongs to, and not into an entity below it,
which has auditors of its own. Where nothing from the unit upwards is one, they audit the unit with all below it. Held
in the whole organization the role knows no bounds.
"""

from __future__ import annotations

from uuid import UUID

from domain.directory.state import DirectoryState, Role


def entity_of(directory: DirectoryState, unit: UUID | None) -> UUID | None:
    """The legal entity that a unit belongs to: the nearest, from itself upwards; None where there is none."""
    teams = directory.teams
    return next((one for one in directory.units_above(unit) if one in teams and teams[one].legal_entity), None)


def audits(directory: DirectoryState, person: UUID, unit: UUID | None) -> bool:
    """Whether somebody is an auditor of the owners in a unit."""
    if not directory.is_active(person):
        return False
    held = directory.people[person]
    return Role.AUDITOR in held.roles or any(
        _reaches(directory, grant.team, unit) for grant in held.grants if grant.role is Role.AUDITOR
    )


def _reaches(directory: DirectoryState, place: UUID, unit: UUID | None) -> bool:
    entity = entity_of(directory, place)
    return place in directory.units_above(unit) if entity is None else entity == entity_of(directory, unit)
