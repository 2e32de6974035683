"""Sends a file's assignments as one command, and says what came of it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from cli.assigning.reading import AssignedRow, AssignmentFile
from cli.composition import Engine
from cli.tables import Fault
from domain.decider import Ref
from domain.plan.assigning import MOST_ASSIGNMENTS, AssignGoals
from domain.problems import DomainError
from domain.values import SYSTEM, plan_id
from eventlog.handler import Order, Step
from eventlog.identity import command_id

WHOLE = 100
PLACE = "/assignments/"


@dataclass(frozen=True)
class AssignReport:
    """What came of a file."""

    outcome: Literal["appended", "duplicate", "dry_run", "refused"]
    organization: UUID
    cycle: UUID
    actor: UUID
    rows: tuple[AssignedRow, ...]
    faults: tuple[Fault, ...] = ()
    """By row: of the file, and of rules that refuse it."""
    unreadable: bool = False
    """The file itself has faults."""
    notes: tuple[str, ...] = ()
    first_position: int = 0
    last_position: int = 0

    def as_object(self) -> dict[str, Any]:
        """Everything as one JSON object."""
        return {
            "outcome": self.outcome,
            "organization": str(self.organization),
            "cycle": str(self.cycle),
            "actor": str(self.actor),
            "first_position": self.first_position,
            "last_position": self.last_position,
            "goals": [
                {
                    "row": one.row,
                    "goal": str(one.assignment.goal),
                    "owner": str(one.assignment.owner),
                    "plan": str(plan_id(self.cycle, one.assignment.owner)),
                    "title": one.title,
                    "weight": str(one.assignment.definition.weight),
                }
                for one in self.rows
            ],
            "faults": [
                {"row": one.row, "column": one.column, "code": one.code, "message": one.message} for one in self.faults
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Asked:
    """What a file is assigned with."""

    organization: UUID
    cycle: UUID
    actor: UUID
    secret: bytes = field(repr=False)
    data: bytes = field(repr=False)

    def order(self, rows: Sequence[AssignedRow], *, dry_run: bool) -> Order:
        """One command for these rows; the same file into the same cycle has the same id, whoever sends it."""
        mac = hmac.digest(self.secret, b"assign" + self.data, "sha256").hex()
        command = AssignGoals(assignments=tuple(one.assignment for one in rows))
        return Order(
            organization=self.organization,
            actor=self.actor,
            command_id=command_id(self.organization, SYSTEM, f"assign/{self.cycle}", mac),
            steps=(Step(Ref("cycle", self.cycle), command),),
            body=b"assign/1\n" + self.cycle.bytes + self.data,
            dry_run=dry_run,
        )


async def run_assign(engine: Engine, file: AssignmentFile, asked: Asked, *, dry_run: bool) -> AssignReport:
    """Assign all of it, or only tell. A file at fault is rehearsed as far as it can be read, so that what a rule would
    refuse is told at once as well. Raises DomainError where the command is refused as a whole.
    """
    made = AssignReport("dry_run", asked.organization, asked.cycle, asked.actor, file.rows)
    dry_run = dry_run or bool(file.faults)
    faults = list(file.faults)
    rows = file.rows[:MOST_ASSIGNMENTS]
    try:
        if rows:
            answer = await engine.handler.execute(asked.order(rows, dry_run=dry_run))
            if answer.outcome in ("appended", "duplicate"):
                first, last = answer.first_position, answer.last_position
                made = replace(made, outcome=answer.outcome, first_position=first, last_position=last)
    except DomainError as refusal:
        if not refusal.pointer.startswith(PLACE):
            raise
        faults += (_fault(file, rows, one) for one in (refusal, *refusal.others))
    if faults:
        by_row = tuple(sorted(faults, key=lambda fault: fault.row))
        return replace(made, outcome="refused", faults=by_row, unreadable=bool(file.faults))
    return replace(made, notes=await _weights(engine, asked, rows, counted=made.outcome != "dry_run"))


def _fault(file: AssignmentFile, rows: Sequence[AssignedRow], refusal: DomainError) -> Fault:
    place, _, field_path = refusal.pointer.removeprefix(PLACE).partition("/")
    column = field_path.rpartition("/")[2]
    message = str(refusal).removeprefix(f"{refusal.code}: ")
    return Fault(rows[int(place)].row, file.table.spelled.get(column, column), refusal.code, message)


async def _weights(engine: Engine, asked: Asked, rows: Sequence[AssignedRow], *, counted: bool) -> tuple[str, ...]:
    """Plans whose KPIs do not total 100 % with these: no fault until the plan is submitted (R3.4)."""
    owners = {one.assignment.owner: one.owner for one in rows}
    refs = {owner: Ref("plan", plan_id(asked.cycle, owner)) for owner in owners}
    states = await engine.handler.cache.refresh_each(asked.organization, refs.values())
    totals: dict[UUID, Decimal] = {}
    for owner, ref in refs.items():
        goals = states[ref].state.goals.values()
        totals[owner] = sum((goal.definition.weight for goal in goals if goal.definition.kind == "kpi"), Decimal())
    for one in () if counted else rows:
        totals[one.assignment.owner] += one.assignment.definition.weight
    return tuple(
        f"The KPIs of {owners[owner]} total {total} %, not 100." for owner, total in totals.items() if total != WHOLE
    )
