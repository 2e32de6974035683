"""What is wrong with an outline: each with its line and a stable code, all at once."""

from __future__ import annotations

from collections.abc import Iterable

from domain.values import Frozen


class OutlineProblem(Frozen):
    """One thing to mend."""

    line: int
    """Counted from 1."""
    code: str
    """Stable: `import.empty`, `import.no_objective`, `import.outside_objective`, `import.no_title`,
    `import.text_too_long`, `import.not_utf8`, `import.nul`, `import.too_deep`, `import.too_large`; the importer adds
    its limits."""
    message: str


class OutlineError(Exception):
    """The file cannot be read as goals; `problems` says why, in the order of its lines."""

    def __init__(self, problems: Iterable[OutlineProblem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda found: (found.line, found.code)))
        super().__init__("; ".join(f"line {found.line}: {found.code}: {found.message}" for found in self.problems))
