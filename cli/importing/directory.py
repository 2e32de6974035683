"""Who is who: the TOML file that maps the tags of an outline to owners.

[organization]
name = "Harbour Works"
zone = "Europe/Amsterdam"
country = "NL"          # whose public holidays count; without it the week alone

[sites.ningbo]          # where other days are worked; fields as in AddSite
name = "Ningbo"
zone = "Asia/Shanghai"
country = "CN"
exceptions = [{ on = 2027-03-12, works = false }]

[people.lin]
name = "Lin Wei"
first = true            # founds the organization and runs the cycle; without it the first person listed
roles = ["board_approver"]

[people.chen]
name = "Chen Jie"
manager = "lin"
site = "ningbo"         # without it the organization's own days

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

from pydantic import Field, StringConstraints, ValidationError, model_validator

from cli.outline import OutlineError, OutlineProblem, decode_outline
from domain.directory.calendar import Calendar, CountryCode, SubdivisionCode
from domain.directory.state import Role
from domain.sealed import MAX_TEXT
from domain.values import Frozen
from eventlog.calendars.days import zone_exists
from eventlog.calendars.holidays_of import country_exists

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT)]


class DirectoryError(OutlineError):
    """The file cannot be used as a directory; `problems` says why, with codes `directory.*`."""


class PersonEntry(Frozen):
    """Somebody to add."""

    name: Name
    manager: str | None = None
    site: str | None = None
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
    country: CountryCode | None = None
    subdivision: SubdivisionCode | None = None

    @model_validator(mode="after")
    def _subdivision_of_a_country(self) -> OrganizationEntry:
        if self.subdivision is not None and self.country is None:
            raise ValueError("a subdivision needs its country")
        return self


class SiteEntry(Calendar):
    """A site to add: its name beside the fields of its calendar."""

    name: Name

    @property
    def calendar(self) -> Calendar:
        """When it works."""
        return Calendar(**self.model_dump(exclude={"name"}))


class Directory(Frozen):
    """The file's content; keys are compared without regard to case."""

    organization: OrganizationEntry
    sites: dict[str, SiteEntry] = Field(default_factory=dict)
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
            if person.site is not None and person.site not in self.sites:
                yield key, "directory.unknown", f"The site {person.site} is not in the file."
        for key, team in self.teams.items():
            if team.lead not in self.people:
                yield key, "directory.unknown", f"The lead {team.lead} is not in the file."
        for tag, key in self.tags.items():
            if key not in self.people and key not in self.teams:
                yield tag, "directory.unknown", f"The tag {tag} names {key}, which is not in the file."
        yield from _calendar_problems(self.organization, "zone", "country")
        for key, site in self.sites.items():
            yield from _calendar_problems(site, key, key)
        seen: set[str] = set()
        for key in (*self.sites, *self.people, *self.teams):
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


def _calendar_problems(
    entry: OrganizationEntry | SiteEntry, zone_key: str, country_key: str
) -> Iterator[tuple[str, str, str]]:
    if not zone_exists(entry.zone):
        yield zone_key, "directory.zone_unknown", f"There is no time zone {entry.zone}."
    if entry.country is not None and not country_exists(entry.country, entry.subdivision):
        place = "-".join(filter(None, (entry.country, entry.subdivision)))
        yield country_key, "directory.country_unknown", f"No public holidays are known for {place}."


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
        if (table := re.match(r"\s*\[\s*(?:people|teams|sites)\s*\.\s*\"?(.+?)\"?\s*\]", line)) is not None:
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
