"""docs/access/permissions.csv says by hand what `authorize` computes: every action, stand, phase, kind and audience."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from domain.access.grants import GRANTS
from domain.access.verdict import Allow, Facts, Grant, Grants, authorize
from tests.domain.permissions import Cell, Line, cells, expected, lines, rules

LINES = lines()
ACTIONS = sorted({line.action for line in LINES})
CONDITIONS = {"phases": "phase", "kinds": "kind", "proposed": "state", "audiences": "audience"}


def of_action(action: str) -> list[Line]:
    return [line for line in LINES if line.action == action]


@cache
def cells_of(action: str) -> dict[Cell, tuple[Facts, str | None]]:
    """The cells of an action, with what `authorize` is told of each and the rule by which the table allows it."""
    asked = {column for grant in GRANTS[action].grants for name, column in CONDITIONS.items() if getattr(grant, name)}
    granted = {stand for grant in GRANTS[action].grants for stand in (*grant.stands, *grant.unless)}
    told = of_action(action)
    return {cell: (cell.facts, expected(told, cell)) for cell in cells(told, asked, granted)}


def differing(action: str, grants: Grants) -> Iterator[Cell]:
    """The cells of an action in which the table and these grants differ."""
    table = {action: grants}
    for cell, (facts, rule) in cells_of(action).items():
        verdict = authorize(action, facts, table)
        if rule != (verdict.rule if isinstance(verdict, Allow) else None):
            yield cell


@pytest.mark.parametrize("action", ACTIONS)
def test_r8_the_table_and_authorize_agree_in_every_cell(action: str) -> None:
    assert next(differing(action, GRANTS[action]), None) is None


def test_every_line_is_argued_and_names_a_rule_that_there_is() -> None:
    for line in LINES:
        assert line.why, line.number
        assert line.answer in {"allow", "deny"}, line.number
        assert line.rule in rules(), line.number


def test_no_line_is_idle() -> None:
    """Without any one of its lines the table says something else."""
    for line in LINES:
        less = [other for other in of_action(line.action) if other is not line]
        spoken = [(cell, rule) for cell, (_, rule) in cells_of(line.action).items() if line.speaks_of(cell)]
        assert any(rule != expected(less, cell) for cell, rule in spoken), line.number


def mutants(grants: Grants) -> Iterator[Grants]:
    """The grants with one thing changed: a stand, a phase, a bar or a condition less, or a whole grant."""
    for place, grant in enumerate(grants.grants):
        changed: list[tuple[Grant, ...]] = [()]
        for name in ("stands", "phases", "unless", "kinds", "audiences"):
            value: Any = getattr(grant, name) or ()
            for one in value:
                less: Any = {name: type(value)(item for item in value if item != one)}
                changed.append((replace(grant, **less),))
        for name in CONDITIONS:
            free: Any = {name: None}
            if getattr(grant, name) is not None:
                changed.append((replace(grant, **free),))
        for other in changed:
            yield replace(grants, grants=(*grants.grants[:place], *other, *grants.grants[place + 1 :]))


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_is_changed_in_a_grant_shows_in_a_cell(action: str) -> None:
    found = list(mutants(GRANTS[action]))
    assert found
    for mutant in found:
        assert next(differing(action, mutant), None) is not None, mutant.grants
