"""What can be refused: stable codes, one English sentence each (the gettext msgid), a status and a way out.

A problem is declared beside the rule that raises it: `STALE = problem("signing.stale_hash", 409, "...", hint="...")`
and raised as `raise STALE(seen=..., now=...)`. Sentences are templates over the parameters; translations live in
the one gettext catalogue. Parameters never hold sealed text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A kind of refusal. Calling it makes the error to raise."""

    code: str
    status: int
    sentence: str
    hint: str = ""
    transient: bool = False
    """True where waiting a moment may change the answer; the command handler then waits up to 2 s by itself."""

    def __call__(self, pointer: str = "", **params: Any) -> DomainError:
        """The error to raise. `pointer` names the field at fault as a JSON pointer."""
        return DomainError(self, params, pointer)


class DomainError(Exception):
    """A rule refused a command."""

    def __init__(self, problem: Problem, params: dict[str, Any] | None = None, pointer: str = "") -> None:
        self.problem = problem
        self.params = params or {}
        self.pointer = pointer
        self.others: tuple[DomainError, ...] = ()
        """What else was refused of the same order: whoever sends thousands of things hears of every fault at once."""
        super().__init__(f"{problem.code}: {problem.sentence.format_map(_Lenient(self.params))}")

    @property
    def code(self) -> str:
        return self.problem.code

    def under(self, pointer: str) -> DomainError:
        """The same refusal of a command that stands at a place in a greater one."""
        return DomainError(self.problem, self.params, pointer + self.pointer)


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


PROBLEMS: dict[str, Problem] = {}
"""Every declared problem by code: documentation pages and catalogue checks walk it."""


def problem(code: str, status: int, sentence: str, hint: str = "", *, transient: bool = False) -> Problem:
    """Declare a problem type."""
    if code in PROBLEMS:
        raise ValueError(f"problem {code} is declared twice")
    PROBLEMS[code] = Problem(code, status, sentence, hint, transient)
    return PROBLEMS[code]
