"""Who owns an objective: tags matched against the directory, the log, and each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from cli.importing.directory import Directory
from cli.importing.options import ImportOptions
from cli.outline import Objective
from domain.values import SYSTEM

COMPANY = "company"
"""The key of the team that owns what has no tag."""


@dataclass(frozen=True)
class Owner:
    """A person or team that a tag stands for."""

    id: UUID
    key: str
    name: str
    kind: Literal["person", "team"]
    responsible: UUID
    """The person, or the team's lead."""


@dataclass
class Owners:
    """Resolves tags; remembers the teams that must be added."""

    options: ImportOptions
    directory: Directory
    actor: UUID = SYSTEM
    """Leads the teams that nobody knows; set before the first tag is resolved."""
    added: dict[UUID, Owner] = field(default_factory=dict)
    """Teams that neither the directory nor the log has."""
    _found: dict[str, Owner] = field(default_factory=dict)

    def of(self, objective: Objective) -> Owner:
        """By its first tag, else the most frequent tag below it (the earlier one of two), else the company."""
        tags = objective.tags or tuple(tag for line in objective.below() if not line.abandoned for tag in line.tags)
        if not tags:
            return self.named(COMPANY, self.directory.organization.name)
        return self.named(tags[0] if objective.tags else Counter(tags).most_common(1)[0][0])

    def named(self, tag: str, name: str | None = None) -> Owner:
        """Who a tag stands for. One that nobody knows becomes a team of that name."""
        key = self._key(tag)
        if key not in self._found:
            self._found[key] = self._in_directory(key) or self._in_log(key, tag) or self._new_team(key, name or tag)
        return self._found[key]

    def person_id(self, key: str) -> UUID:
        """The id of a person of the directory: the log's, where somebody there has this id or name."""
        entry = self.directory.people[key]
        own = self.options.new_id("person", key.casefold())
        known = self.options.known.people if self.options.known is not None else {}
        if own in known:
            return own
        return next((id for id, name in known.items() if name and name.casefold() == entry.name.casefold()), own)

    def team_id(self, key: str) -> UUID:
        """The id of a team of the directory, like `person_id`."""
        entry = self.directory.teams[key]
        own = self.options.new_id("team", key.casefold())
        known = self.options.known.teams if self.options.known is not None else {}
        if own in known:
            return own
        return next((id for id, name in known.items() if name and name.casefold() == entry.name.casefold()), own)

    def _key(self, tag: str) -> str:
        mapped = {written.casefold(): key for written, key in self.directory.tags.items()}
        return mapped.get(tag.casefold(), tag).casefold()

    def _in_directory(self, key: str) -> Owner | None:
        for person, entry in self.directory.people.items():
            if person.casefold() == key:
                id = self.person_id(person)
                return Owner(id, person, entry.name, "person", id)
        for team, led in self.directory.teams.items():
            if team.casefold() == key:
                return Owner(self.team_id(team), team, led.name, "team", self.person_id(led.lead))
        return None

    def _in_log(self, key: str, tag: str) -> Owner | None:
        known = self.options.known
        if known is None:
            return None
        for id, name in known.teams.items():
            if id == self.options.new_id("team", key) or name.casefold() == key:
                return Owner(id, tag, name or tag, "team", known.leads[id])
        for id, name in known.people.items():
            if id == self.options.new_id("person", key) or name.casefold() == key:
                return Owner(id, tag, name or tag, "person", id)
        return None

    def _new_team(self, key: str, name: str) -> Owner:
        id = self.options.new_id("team", key)
        self.added[id] = Owner(id, key, name, "team", self.actor)
        return self.added[id]
