"""A difference as lines for people: who comes, changes, returns and leaves, with what was and what would be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from cli.people.difference import Change
from cli.people.names import name_of
from cli.people.running import PeopleReport
from domain.directory.state import DirectoryState

HEADINGS = {
    "dry_run": "This would change ({events} events); nothing was changed.",
    "appended": "Changed: {events} events, positions {first} to {last}.",
    "unchanged": "Nothing is different; nothing was changed.",
}
SIGNS = {"added": "+", "changed": "~", "returns": "+", "leaves": "-"}


def report_lines(report: PeopleReport, directory: DirectoryState) -> Iterator[str]:
    """The heading, one for each change with its fields, and the sums."""
    yield HEADINGS[report.outcome].format(events=report.events, first=report.first_position, last=report.last_position)
    if not report.changes:
        return
    names = _names(directory, report)
    yield ""
    for change in report.changes:
        yield _line(change)
        for one in change.fields:
            if one.field != "name" or change.what != "added":
                yield f"      {one.field}: {_word(one.before, names)} -> {_word(one.after, names)}"
    yield ""
    sums = {what: sum(one.what == what and one.kind == "person" for one in report.changes) for what in SIGNS}
    teams = sum(one.kind == "team" for one in report.changes)
    yield (
        f"people: {sums['added']} added, {sums['changed']} changed, {sums['returns']} returned, "
        f"{sums['leaves']} left, {report.untouched} untouched; teams: {teams} added or changed"
    )


def _line(change: Change) -> str:
    where = f"   row {change.row}" if change.row else "   in no row"
    since = f"   from {change.valid_from.isoformat()}" if change.valid_from is not None else ""
    return f"{SIGNS[change.what]} {change.name or change.id} ({change.kind} {change.what}){where}{since}"


def _names(directory: DirectoryState, report: PeopleReport) -> Mapping[UUID, str]:
    known = {
        id: name_of(one.name)
        for group in (directory.people, directory.teams, directory.sites)
        for id, one in group.items()
    }
    return known | {change.id: change.name for change in report.changes}


def _word(value: Any, names: Mapping[UUID, str]) -> str:
    if isinstance(value, UUID):
        return names.get(value) or str(value)
    if isinstance(value, frozenset):
        held = (role.value if team is None else f"{role.value}@{_word(team, names)}" for role, team in value)
        return "; ".join(sorted(held)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value else "none"
