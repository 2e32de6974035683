"""Compares tables with the directory and sends what is different as one order: everything or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from cli.composition import Engine
from cli.importing import derived_id, import_secret
from cli.people.difference import Change, difference
from cli.people.steps import steps_of
from cli.people.table import PEOPLE, PeopleError
from cli.people.wanted import wanted_of
from cli.tables import Fault, Table
from domain.directory.effects import in_effect
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState, Role
from domain.problems import DomainError
from eventlog.identity import command_id
from eventlog.orders import Order

FORBIDDEN = 403


@dataclass(frozen=True)
class PeopleReport:
    """What came of an import, or would."""

    outcome: Literal["appended", "dry_run", "unchanged"]
    changes: tuple[Change, ...]
    untouched: int
    """People who are not different: they stand in the table as they are, or not at all."""
    events: int = 0
    first_position: int = 0
    last_position: int = 0


async def open_directory(engine: Engine, organization: UUID) -> tuple[DirectoryState, int]:
    """The directory with its names, and the version of its last fact. Raises `organization.unknown`."""
    found = await engine.handler.cache.refresh(organization, DIRECTORY)
    if not found.state.founded:
        raise NOT_FOUNDED()
    directory: DirectoryState = await engine.opener(organization).open(found.state)
    return directory, found.head.fact_version


def actor_of(directory: DirectoryState, asked: UUID | None) -> UUID:
    """Who imports: whoever was asked for, else the first active administrator."""
    return asked or min(directory.holders(Role.ADMIN))


async def import_people(
    engine: Engine,
    organization: UUID,
    tables: Mapping[str, Table],
    *,
    actor: UUID | None = None,
    now: datetime,
    deactivate_missing: bool = False,
    dry_run: bool = False,
) -> PeopleReport:
    """Make the directory what the tables say.

    Raises:
        PeopleError: the tables ask for what cannot be, or rules refuse rows of them; all at once.
        DomainError: the organization is unknown, or the directory has changed meanwhile (`precondition.stale`).
    """
    directory, version = await open_directory(engine, organization)
    secret = import_secret(engine.keyring, organization)
    wanted = wanted_of(tables, directory, partial(derived_id, secret), now)
    changes = difference(directory, wanted, now, deactivate_missing=deactivate_missing)
    untouched = len(directory.people) - sum(one.kind == "person" and one.what != "added" for one in changes)
    if not changes:
        return PeopleReport("unchanged", (), untouched)
    sender = actor_of(directory, actor)
    first, *rest = steps_of(changes, in_effect(directory, now), sender)
    body = _fingerprint(tables, version)
    order = Order(
        organization=organization,
        actor=sender,
        command_id=command_id(organization, sender, "people/import", body.hex()),
        steps=(replace(first, expected=version), *rest),
        body=b"people/1\n" + body,
        dry_run=True,
    )
    try:
        # Rehearsed first: a refusal then leaves no keys of people who are not.
        answer = await engine.handler.execute(order)
        if not dry_run:
            answer = await engine.handler.execute(replace(order, dry_run=False))
    except DomainError as refusal:
        raise _located(refusal) or refusal from refusal
    outcome: Literal["appended", "dry_run"] = "dry_run" if dry_run else "appended"
    return PeopleReport(outcome, changes, untouched, len(answer.events), answer.first_position, answer.last_position)


def _fingerprint(tables: Mapping[str, Table], version: int) -> bytes:
    """What makes two imports the same: a retry of one whose answer was lost is that one."""
    digest = hashlib.sha256(str(version).encode())
    for name, table in sorted(tables.items()):
        digest.update(repr((name, sorted(table.spelled), [sorted(row.cells.items()) for row in table.rows])).encode())
    return digest.digest()


def _located(refusal: DomainError) -> PeopleError | None:
    """The refusals of rules as faults of the rows that asked for them; None where it is of no row, or of all."""
    if refusal.problem.status == FORBIDDEN:
        return None
    faults: dict[str, list[Fault]] = {}
    for one in (refusal, *refusal.others):
        match one.pointer.split("/"):
            case ["", table, row, *field] if row.isdigit():
                sentence = str(one).removeprefix(f"{one.code}: ")
                message = f"{sentence} {one.problem.hint}".rstrip()
                faults.setdefault(table, []).append(Fault(max(1, int(row)), "".join(field[:1]), one.code, message))
    if not faults:
        return None
    table = PEOPLE if PEOPLE in faults else next(iter(faults))
    return PeopleError(table, dict.fromkeys(faults[table]))


def as_object(report: PeopleReport, organization: UUID) -> dict[str, Any]:
    """Everything as one JSON object."""
    return {
        "outcome": report.outcome,
        "organization": str(organization),
        "events": report.events,
        "first_position": report.first_position,
        "last_position": report.last_position,
        "untouched": report.untouched,
        "changes": [
            {
                "kind": change.kind,
                "what": change.what,
                "id": str(change.id),
                "name": change.name,
                "row": change.row,
                "valid_from": change.valid_from.isoformat() if change.valid_from is not None else None,
                "fields": [
                    {"field": one.field, "before": _plain(one.before), "after": _plain(one.after)}
                    for one in change.fields
                ],
            }
            for change in report.changes
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(role.value if team is None else f"{role.value}@{team}" for role, team in value)
    return str(value) if isinstance(value, UUID) else value
