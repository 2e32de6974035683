"""Who is who: the TOML file that maps the tags of an outline to owners.

[organization]
name = "Harbour Works"
zone = "Europe/Amsterdam"

[people.lin]
name = "Lin Wei"
first = true            # founds the organization and runs the cycle; without it the first person listed
roles = ["board_approver"]

[people.chen]
name = "Chen Jie"
manager = "lin"

[teams.yard]
name = "Shipyard"
lead = "chen"

[tags]
DR = "yard"             # a tag that equals a key needs no entry
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from cli.outline import OutlineError, OutlineProblem, decode_outline
from domain.directory.state import Role
from domain.sealed import MAX_TEXT
from domain.values import Frozen
from eventlog.calendars.days import zone_of

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]


class DirectoryError(OutlineError):
    """The file cannot be used as a directory; `problems` says why, with codes `directory.*`."""


class PersonEntry(Frozen):
    """Somebody to add."""

    name: Name
    manager: str | None = None
    roles: tuple[Role, ...] = ()
    first: bool = False


class TeamEntry(Frozen):
    """A team to add."""

    name: Name
    lead: str


class OrganizationEntry(Frozen):
    """The organization to found."""

    name: Name
    zone: str = "UTC"


class Directory(Frozen):
    """The file's content; keys are compared without regard to case."""

    organization: OrganizationEntry
    people: dict[str, PersonEntry] = Field(min_length=1)
    teams: dict[str, TeamEntry] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    lines: dict[str, int] = Field(default_factory=dict, exclude=True)
    """Where a person or team stands in the file."""

    @property
    def first(self) -> str:
        """The key of the person who founds the organization."""
        return next((key for key, person in self.people.items() if person.first), next(iter(self.people)))

    def founded_by(self, key: str) -> Directory:
        """The same directory with another first person."""
        people = {one: person.model_copy(update={"first": one == key}) for one, person in self.people.items()}
        return self.model_copy(update={"people": people})

    def by_line_of_command(self, *, founding: bool) -> list[str]:
        """The keys of all people, each after its manager; when founding, the first person in front of all."""
        done: dict[str, None] = {self.first: None} if founding else {}
        while len(done) < len(self.people):
            done |= {
                key: None for key, person in self.people.items() if person.manager is None or person.manager in done
            }
        return list(done)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Key, code and message of everything that does not fit together."""
        if sum(person.first for person in self.people.values()) > 1:
            yield self.first, "directory.first_twice", "More than one person is `first`."
        for key, person in self.people.items():
            if person.manager is not None and person.manager not in self.people:
                yield key, "directory.unknown", f"The manager {person.manager} is not in the file."
            elif key in self._line_above(key):
                yield key, "directory.line_circle", "The reporting line leads back to this person."
        for key, team in self.teams.items():
            if team.lead not in self.people:
                yield key, "directory.unknown", f"The lead {team.lead} is not in the file."
        for tag, key in self.tags.items():
            if key not in self.people and key not in self.teams:
                yield tag, "directory.unknown", f"The tag {tag} names {key}, which is not in the file."
        try:
            zone_of(self.organization.zone)
        except (KeyError, ValueError, OSError):  # zoneinfo raises all three for names that are none
            yield "zone", "directory.zone_unknown", f"There is no time zone {self.organization.zone}."
        seen: set[str] = set()
        for key in (*self.people, *self.teams):
            if key.casefold() in seen:
                yield key, "directory.key_twice", f"The key {key} stands for two."
            seen.add(key.casefold())

    def _line_above(self, key: str) -> list[str]:
        above: list[str] = []
        manager = self.people[key].manager
        while manager is not None and manager in self.people and manager not in above:
            above.append(manager)
            manager = self.people[manager].manager
        return above


def read_directory(data: bytes) -> Directory:
    """The directory in a TOML file. Raises OutlineError `import.not_utf8` or DirectoryError, all problems at once."""
    text = decode_outline(data)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.rstrip().count("\n") + 1  # else: "at end of document"
        raise DirectoryError([_problem(line, "directory.not_toml", str(error))]) from None
    lines = _lines(text)
    try:
        directory = Directory.model_validate({**tree, "lines": lines} if "lines" not in tree else tree)
    except ValidationError as error:
        raise DirectoryError(
            _problem(
                _line_of(lines, found["loc"]),
                "directory.invalid",
                f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}",
            )
            for found in error.errors(include_url=False, include_input=False)
        ) from None
    problems = [_problem(lines.get(key, 1), code, message) for key, code, message in directory.problems()]
    if problems:
        raise DirectoryError(problems)
    return directory


def _problem(line: int, code: str, message: str) -> OutlineProblem:
    return OutlineProblem(line=line, code=code, message=message)


def _lines(text: str) -> dict[str, int]:
    """Where each table begins, by its key, and each plain entry; TOML's parser does not say."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if (table := re.match(r"\s*\[\s*(?:people|teams)\s*\.\s*\"?(.+?)\"?\s*\]", line)) is not None:
            lines.setdefault(table.group(1), number)
        elif (section := re.match(r"\s*\[\s*(\w+)\s*\]", line)) is not None:
            lines.setdefault(section.group(1), number)
        elif (entry := re.match(r"\s*\"?(.+?)\"?\s*=", line)) is not None:
            lines.setdefault(entry.group(1), number)
    return lines


def _line_of(lines: dict[str, int], place: tuple[int | str, ...]) -> int:
    """The line of the innermost key that has one; a person's field is told at the person."""
    keys = [str(step) for step in place[:2]]
    return next((lines[key] for key in reversed(keys) if key in lines), 1)
