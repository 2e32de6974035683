"""Rows of a table as assignments: pure, so that a test sees exactly what would be sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from cli.importing.options import Known, derived_id
from cli.tables import Fault, Row, Table, read_table
from domain.goals import Kpi
from domain.plan.assigning import MOST_ASSIGNMENTS, Assignment

FIELDS = tuple(name for name in Kpi.model_fields if name != "kind")
OPTIONAL = tuple(name for name, field in Kpi.model_fields.items() if not field.is_required())
NEEDED = ("owner", *(name for name in FIELDS if name not in OPTIONAL))
CHINESE = {
    "负责人": "owner",
    "标题": "title",
    "指标": "title",
    "权重": "weight",
    "单位": "unit",
    "方向": "direction",
    "基线": "baseline",
    "门槛值": "threshold",
    "目标值": "target",
    "挑战值": "stretch",
}
COLUMNS: Mapping[str, str] = {name: name for name in ("owner", "goal", *FIELDS)} | CHINESE
"""How columns may be spelled, to their names."""
PEOPLE = tuple(name for name, field in Kpi.model_fields.items() if field.annotation in (UUID, UUID | None))
"""Fields of a KPI that name somebody."""


@dataclass(frozen=True)
class AssignedRow:
    """A row that says a KPI."""

    row: int
    owner: str
    """As the file spells it."""
    title: str
    assignment: Assignment


@dataclass(frozen=True)
class AssignmentFile:
    """What a file asks for, and what is wrong with it."""

    table: Table
    rows: tuple[AssignedRow, ...]
    faults: tuple[Fault, ...]


class _WrongCell(Exception):
    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code = column, code


def read_assignments(data: bytes, known: Known, cycle: UUID, secret: bytes) -> AssignmentFile:
    """The assignments of a file. Raises TableError where it is no table of assignments at all."""
    table = read_table(data, COLUMNS, NEEDED)
    who = _Who(known, secret)
    rows: list[AssignedRow] = []
    faults: list[Fault] = []
    for row in table.rows:
        try:
            rows.append(_assigned(row, who, cycle, secret))
        except ValidationError as error:
            faults += (_fault(table, row, item["loc"], item["type"], item["msg"]) for item in error.errors())
        except _WrongCell as error:
            faults.append(_fault(table, row, (error.column,), error.code, str(error)))
    if len(table.rows) > MOST_ASSIGNMENTS:
        message = f"One file assigns at most {MOST_ASSIGNMENTS} KPIs: split it."
        faults.append(Fault(table.rows[MOST_ASSIGNMENTS].number, "", "assign.too_many", message))
    if not table.rows:
        faults.append(Fault(1, "", "assign.nothing", "The file has no row besides its columns' names."))
    return AssignmentFile(table, tuple(rows), tuple(faults))


def _assigned(row: Row, who: _Who, cycle: UUID, secret: bytes) -> AssignedRow:
    cells = dict(row.cells)
    spelled = cells.pop("owner", "")
    fields: dict[str, object] = {"kind": "kpi", **cells}
    goal = fields.pop("goal", None)
    for name in PEOPLE:
        if name in fields:
            fields[name] = who.named(name, str(fields[name]))
    definition = Kpi.model_validate(fields)
    owner = who.named("owner", spelled)
    title = definition.title.text or ""
    assignment = Assignment.model_validate(
        {
            "owner": owner,
            "goal": goal or derived_id(secret, "kpi", str(cycle), str(owner), title.casefold()),
            "definition": definition,
        }
    )
    return AssignedRow(row.number, spelled, title, assignment)


def _fault(table: Table, row: Row, location: tuple[int | str, ...], code: str, message: str) -> Fault:
    column = str(location[0]) if location else ""
    return Fault(row.number, table.spelled.get(column, column), code, message.removeprefix("Value error, "))


def person_of(known: Known, secret: bytes, spelled: str) -> UUID | None:
    """The person of an id, key or name; None where nobody is meant, or several."""
    try:
        found = _Who(known, secret).named("", spelled)
    except _WrongCell:
        return None
    return found if found in known.people else None


class _Who:
    """Finds people and teams by id, key or name."""

    def __init__(self, known: Known, secret: bytes) -> None:
        self._ids = {*known.people, *known.teams}
        self._secret = secret
        self._names: dict[str, set[UUID]] = defaultdict(set)
        for id, name in (*known.people.items(), *known.teams.items()):
            if name:
                self._names[name.casefold()].add(id)

    def named(self, column: str, spelled: str) -> UUID:
        if not spelled:
            raise _WrongCell(column, "missing", "Field required")
        key = spelled.casefold()
        for found in (_id(spelled), *(derived_id(self._secret, kind, key) for kind in ("person", "team"))):
            if found in self._ids:
                assert found is not None
                return found
        named = self._names.get(key, set())
        if len(named) > 1:
            raise _WrongCell(column, "assign.ambiguous", "Several people or teams have this name: give the id.")
        if not named:
            raise _WrongCell(column, "assign.unknown", "No active person and no team has this id, key or name.")
        return next(iter(named))


def _id(spelled: str) -> UUID | None:
    try:
        return UUID(spelled)
    except ValueError:
        return None
