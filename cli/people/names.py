"""Who is meant: whom a row is about, and whom a cell calls by a key, an id or a name."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cli.people.table import fault
from cli.tables import Fault, Row, Table
from domain.sealed import MAX_TEXT, Sealed

NEW = "new"
"""In the column `id`: this is nobody who is there already, although somebody has the same name."""
UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")


def name_of(name: Sealed | None) -> str:
    """A name as text, empty where it was erased."""
    return (name.text if name is not None else None) or ""


@dataclass
class Names:
    """Finds people, teams or sites by what a cell calls them: a key, an id, or a name that only one has."""

    noun: str
    known: Mapping[UUID, str]
    """Ids of the directory and their names; empty where erased."""
    new_id: Callable[[str, str], UUID]
    rows: Mapping[int, UUID] = field(default_factory=dict)
    """Row of the table and whose it is."""
    _keys: dict[str, UUID] = field(default_factory=dict)
    _named: dict[str, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for id, name in self.known.items():
            self._named[name.casefold()].add(id)

    def read(self, table: Table) -> Iterator[Fault]:
        """Learn who each row is; yields what is wrong."""
        given = {row.of("id") for row in table.rows}
        found: dict[int, UUID] = {}
        for row in table.rows:
            who = self._of_row(row, given)
            if isinstance(who, UUID):
                found[row.number] = who
            else:
                yield who
        twice = {id for id, times in Counter(found.values()).items() if times > 1}
        for row in table.rows:
            if (id := found.get(row.number)) is None:
                continue
            if id in twice:
                message = f"Several rows are about this {self.noun}: give each a key or an id."
                yield fault(row.number, "", "twice", message)
            if len(row.of("name")) > MAX_TEXT:
                yield fault(row.number, "name", "name_too_long", f"A name has at most {MAX_TEXT} characters.")
            if UNREADABLE.search(row.of("name")):
                yield fault(row.number, "name", "name_invalid", "The name has a character that no text can hold.")
            if id not in self.known and not row.of("name"):
                yield fault(row.number, "name", "name_missing", f"A new {self.noun} needs a name.")
            if row.of("key"):
                self._keys[row.of("key").casefold()] = id
            if row.of("name"):
                self._named[row.of("name").casefold()].add(id)
        self.rows = found

    def _of_row(self, row: Row, given: set[str]) -> UUID | Fault:
        id, key, name = row.of("id"), row.of("key"), row.of("name")
        if not (id or key or name):
            return fault(row.number, "", "nobody", f"This row names no {self.noun}: it has neither key, id nor name.")
        if id and id.casefold() != NEW:
            return _uuid(id) or fault(row.number, "id", "id_invalid", f"{id} is no id.")
        derived = self.new_id(self.noun, (key or name).casefold())
        if derived in self.known or id:
            return derived
        same = [one for one in self._named.get(name.casefold(), ()) if name and str(one) not in given]
        if not same:
            return derived
        if len(same) == 1 and not key:
            return same[0]
        message = f"A {self.noun} called {name} is there already: give their id, or `{NEW}` as the id."
        return fault(row.number, "name", "same_name", message)

    def find(self, text: str) -> UUID | str:
        """Whom a cell names; else the code of what is wrong."""
        sought = text.casefold()
        derived = self._keys.get(sought) or self.new_id(self.noun, sought)
        if sought in self._keys or derived in self.known:
            return derived
        id = _uuid(text)
        if id is not None and (id in self.known or id in self.rows.values()):
            return id
        named = self._named.get(sought, set())
        if len(named) == 1:
            return next(iter(named))
        return "ambiguous" if named else f"{self.noun}_unknown"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
