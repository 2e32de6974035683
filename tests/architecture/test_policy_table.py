"""docs/policy.md argues every policy value: a value without its row, or a row that says something else, fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from domain.cycle.policy import Policy, preset
from domain.values import Elapsed, WorkingDays

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
RULE = re.compile(r"(R\d+(\.\d+)?(, )?)+( \(ours\))?|ours")


def rows() -> dict[str, tuple[str, str, str, str]]:
    """The page's rows by the name of the value: rule, formal, light, and why."""
    found: dict[str, tuple[str, str, str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            name, rule, formal, light, why = (cell.strip() for cell in line.strip("|").split(" | "))
            assert name.strip("`") not in found, f"{name} has two rows"
            found[name.strip("`")] = (rule, formal, light, why)
    return found


def values(policy: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a policy, as the page writes it."""
    for name, value in policy:
        if isinstance(value, BaseModel) and not isinstance(value, WorkingDays | Elapsed):
            yield from values(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", written(value)


def written(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case WorkingDays(days=1):
            return "1 working day"
        case WorkingDays():
            return f"{value.days} working days"
        case Elapsed():
            return f"{value.seconds} s"
        case tuple():
            return " → ".join(written(item) for item in value) or "–"
        case BaseModel():  # a step of the chain: whom it names first
            return next(written(part) for _, part in value if part is not None)
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def test_every_policy_value_is_argued_and_says_what_both_presets_say() -> None:
    told = rows()
    formal, light = dict(values(Policy())), dict(values(preset("light")))
    assert sorted(told) == sorted(formal), "docs/policy.md has a row for each policy value: add or drop one"
    for name, (_, by_formal, by_light, _) in told.items():
        assert (by_formal, by_light) == (formal[name], light[name]), f"docs/policy.md is out of date on {name}"


def test_every_row_names_its_rule_and_says_why() -> None:
    for name, (rule, _, _, why) in rows().items():
        assert RULE.fullmatch(rule), f"{name} cites no rule"
        assert len(why.split()) >= 4, f"{name} says no reason"
