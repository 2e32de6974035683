"""What every refusal must be besides right: whole in its sentence, and pointing at a field that the command has."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from domain.messages import Command
from domain.problems import DomainError

POINTERS = Path(__file__).parents[1] / "domain" / "pointers.txt"
"""`code command pointer`, a line each: which field a refusal names. Read by people, and added to by hand."""
NAMED = frozenset(POINTERS.read_text(encoding="utf-8").splitlines())
ITEM = re.compile(r"/(\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")


def check_refusal(error: DomainError, command: Command) -> None:
    """Its sentence and its way out get every word they name, and its pointer is the one that is written down."""
    asked = {
        name.partition(".")[0].partition("[")[0]
        for text in (error.problem.sentence, error.problem.hint)
        for _, name, _, _ in Formatter().parse(text)
        if name
    }
    given = {name for name, value in error.params.items() if value not in (None, "None", "")}
    assert asked <= given, f"{error.code} leaves out {sorted(asked - given)}"
    line = f"{error.code} {type(command).__name__} {ITEM.sub('/*', error.pointer)}".rstrip()
    assert line in NAMED, f"this refusal is not in {POINTERS.name}: {line}"
