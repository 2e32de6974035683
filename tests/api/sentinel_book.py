"""A second book of who may read which sentinel (R8): it asks the table written by hand, and nothing of the code."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

from domain.access.verdict import Stand
from tests.domain.permissions import Cell, expected, lines

NAMES = ("admin", "lead", "head", "staff", "peer", "auditor", "facilitator", "gone")
TABLE = [line for line in lines() if line.action == "see.goal"]


@dataclass
class Told:
    """What the book knows of a goal."""

    kind: str
    author: str
    assigner: str | None = None
    proposed: bool = False
    audience: str = "default"
    viewers: tuple[str, ...] = ()
    wrote: set[str] = field(default_factory=set)


@dataclass
class Book:
    """Sentinels, and who may read them."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    goals: dict[str, Told] = field(default_factory=dict)
    texts: dict[str, tuple[str, bool, frozenset[str]]] = field(default_factory=dict)
    """By sentinel: the goal that it speaks of, whether it has been on the table, and who had written the goal then."""
    seen: set[tuple[str, str]] = field(default_factory=set)
    """Who has read which: a book in which nobody reads anything would prove nothing."""

    def new(self, goal: str, *, proposed: bool) -> str:
        """A text that stands nowhere else."""
        text = f"SENTINEL-{next(self.numbers):04d}-"
        self.texts[text] = (goal, proposed, frozenset(self.goals[goal].wrote))
        return text

    def stands(self, person: str, told: Told, wrote: Collection[str]) -> frozenset[Stand]:
        """How somebody stands to a goal of the staff's plan."""
        of = {
            "lead": {Stand.APPROVER, Stand.ABOVE},
            "head": {Stand.APPROVER, Stand.ABOVE, Stand.COUNTERPART},
            "staff": {Stand.OWNER},
            "auditor": {Stand.AUDITOR},
            "admin": {Stand.ADMIN},
            "facilitator": {Stand.FACILITATOR},
        }.get(person, set())
        more = {Stand.AUTHOR} if person in wrote else set()
        more |= {Stand.VIEWER} if person in told.viewers else set()
        more |= {Stand.ASSIGNER} if person == told.assigner else set()
        return frozenset({Stand.MEMBER, *of, *more})

    def may_read(self, person: str, text: str) -> bool:
        """Whether the table lets somebody read a sentinel now."""
        if person == "gone":
            return False
        goal, on_the_table, wrote = self.texts[text]
        told = self.goals[goal]
        proposed = told.kind == "kpi" or (told.proposed and on_the_table)
        state = "proposed" if proposed else "unproposed"
        cells = [
            Cell(frozenset({stand}), told.kind, "draft", state, told.audience)
            for stand in self.stands(person, told, told.wrote if on_the_table else wrote)
        ]
        return any(expected(TABLE, cell) for cell in cells)
