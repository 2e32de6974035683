"""Teams: who leads them, and which unit they belong to."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.decider import Context
from domain.directory.edits import Placed, TeamEdit
from domain.directory.effects import applied, circles, from_when
from domain.directory.requiring import require_person, require_team
from domain.directory.state import DirectoryState, Team, directory
from domain.messages import Command, Event, Wake
from domain.problems import problem
from domain.sealed import CommonName
from domain.values import Instant

TEAM_EXISTS = problem("team.exists", 409, "This team is in the directory already.", "Use another team id.")
TEAM_CIRCLE = problem(
    "team.circle", 422, "This would put the team below itself.", "Choose a parent that does not lie below this team."
)

CHANGEABLE = ("name", "lead", "parent", "legal_entity")


class AddTeam(Command):
    """Add a team that can own a plan."""

    team: UUID
    name: CommonName
    lead: UUID
    parent: UUID | None = None
    legal_entity: bool = False


class ChangeTeam(Command):
    """Change a team's name, lead, parent or standing as a legal entity, from a date if one is given.

    What is absent stays; a `parent` of `none` puts the team on top.
    """

    edits: ClassVar[bool] = True

    team: UUID
    name: CommonName | None = None
    lead: UUID | None = None
    parent: Placed = None
    legal_entity: bool | None = None
    valid_from: Instant | None = None


class TeamAdded(Event):
    """A team is in the directory."""

    team: UUID
    name: CommonName
    lead: UUID
    parent: UUID | None = None
    legal_entity: bool | None = None
    """Absent: it is none."""


class TeamChanged(Event):
    """A team is called, led or placed otherwise."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.CHILDREN})

    team: UUID
    name: CommonName | None = None
    lead: UUID | None = None
    parent: Placed = None
    legal_entity: bool | None = None
    valid_from: Instant | None = None
    """Absent: at once."""

    @property
    def changed(self) -> frozenset[str]:
        """The fields that it changes."""
        return frozenset(name for name in CHANGEABLE if getattr(self, name) is not None)

    def woken(self) -> frozenset[Wake]:
        """A name changes nobody's agenda, nor does what an auditor sees."""
        decides = self.valid_from is None and bool(self.changed & {"lead", "parent"})
        return self.wakes if decides else frozenset()


@directory.decides(AddTeam)
def add_team(state: DirectoryState, command: AddTeam, context: Context) -> list[Event]:
    """A team has a lead who is known."""
    if command.team in state.teams or command.team in state.people:
        raise TEAM_EXISTS("/team")
    require_person(state, command.lead, "/lead")
    require_team(state, command.parent, "/parent")
    return [
        TeamAdded(
            team=command.team,
            name=command.name,
            lead=command.lead,
            parent=command.parent,
            legal_entity=command.legal_entity or None,
        )
    ]


@directory.decides(ChangeTeam)
def change_team(state: DirectoryState, command: ChangeTeam, context: Context) -> list[Event]:
    """A team never lies below itself, on the day of the change nor on any later one."""
    require_team(state, command.team, "/team")
    require_person(state, command.lead, "/lead")
    require_team(state, command.parent, "/parent")
    begins = from_when(context, command.valid_from)
    event = TeamChanged(
        team=command.team,
        name=command.name,
        lead=command.lead,
        parent=command.parent,
        legal_entity=command.legal_entity,
        valid_from=begins,
    )
    if not event.changed:
        return []
    if isinstance(command.parent, UUID) and circles(
        team_changed(state, event), command.team, "parent", begins or context.at
    ):
        raise TEAM_CIRCLE("/parent")
    return [event]


@directory.evolves(TeamAdded)
def team_added(state: DirectoryState, event: TeamAdded) -> DirectoryState:
    team = Team(
        id=event.team,
        name=event.name,
        lead=event.lead,
        parent=event.parent,
        legal_entity=bool(event.legal_entity),
    )
    return state.model_copy(update={"teams": {**state.teams, team.id: team}})


@directory.evolves(TeamChanged)
def team_changed(state: DirectoryState, event: TeamChanged) -> DirectoryState:
    change = TeamEdit(
        team=event.team, name=event.name, lead=event.lead, parent=event.parent, legal_entity=event.legal_entity
    )
    return applied(state, change, event.valid_from)
