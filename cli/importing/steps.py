"""The commands of an import, each with the line that asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from cli.importing.directory import Directory
from cli.importing.goals import Result
from cli.importing.options import ImportOptions
from cli.importing.owners import Owner, Owners
from domain.cycle.opening import OpenCycle
from domain.cycle.participation import EnrolParticipant
from domain.decider import Ref
from domain.directory.founding import FirstPerson, FoundOrganization
from domain.directory.lines import SetManager
from domain.directory.people import AddPerson, ChangePerson
from domain.directory.roles import GrantRole
from domain.directory.sites import AddSite
from domain.directory.state import DIRECTORY
from domain.directory.teams import AddTeam
from domain.goals import Okr
from domain.messages import Command
from domain.plan.drafting import DraftGoal
from domain.plan.goal import Reading
from domain.sealed import AuthorText, CommonName, PersonName
from eventlog.orders import Step

JOINING = "The goals came with an import"
"""Why an owner whose goals are imported into an open cycle joins it, perhaps late (R2.6)."""


@dataclass(frozen=True)
class PlannedStep:
    """One command, and the line that asks for it."""

    step: Step
    line: int
    of_directory: bool = False
    """The line is the directory file's."""


@dataclass(frozen=True)
class PlannedOwner:
    """An owner and the plan that its goals come into."""

    owner: Owner
    plan: UUID
    line: int
    """Of its first objective."""


@dataclass(frozen=True)
class PlannedGoal:
    """An objective as it will be drafted."""

    line: int
    title: str
    goal: UUID
    plan: UUID
    owner: Owner
    definition: Okr
    results: tuple[Result, ...]

    @property
    def final(self) -> tuple[Reading, ...]:
        """Where the file's ticks say that the quarter ended: readings for a last check-in."""
        return tuple(result.final for result in self.results)


def founding_steps(directory: Directory, owners: Owners, options: ImportOptions) -> Iterator[PlannedStep]:
    """Found the organization by the directory's first person; their manager and roles follow when all are there."""
    key = directory.first
    first, line, id = directory.people[key], directory.lines.get(key, 1), owners.person_id(key)
    founder = FirstPerson(id=id, name=PersonName(first.name))
    organization = directory.organization
    yield _on_directory(
        FoundOrganization(
            name=CommonName(organization.name),
            zone=organization.zone,
            country=organization.country,
            subdivision=organization.subdivision,
            first_person=founder,
            simulated=options.simulated,
        ),
        directory.lines.get("organization", 1),
    )
    yield from people_steps(directory, owners, options)
    if first.manager is not None:
        yield _on_directory(SetManager(person=id, manager=owners.person_id(first.manager)), line)
    if first.site is not None:
        yield _on_directory(ChangePerson(person=id, site=site_id(first.site, options)), line)
    for role in first.roles:
        yield _on_directory(GrantRole(person=id, role=role), line)


def people_steps(directory: Directory, owners: Owners, options: ImportOptions) -> Iterator[PlannedStep]:
    """Add the sites, people and teams that the log does not know."""
    known = options.known
    yield from site_steps(directory, options)
    there = {owners.person_id(directory.first)} if known is None else set(known.people)
    for key in directory.by_line_of_command(founding=known is None):
        person, id = directory.people[key], owners.person_id(key)
        if id not in there:
            manager = owners.person_id(person.manager) if person.manager is not None else None
            site = site_id(person.site, options) if person.site is not None else None
            command = AddPerson(person=id, name=PersonName(person.name), manager=manager, site=site, roles=person.roles)
            yield _on_directory(command, directory.lines.get(key, 1))
    for key, team in directory.teams.items():
        id = owners.team_id(key)
        if known is None or id not in known.teams:
            added = AddTeam(team=id, name=CommonName(team.name), lead=owners.person_id(team.lead))
            yield _on_directory(added, directory.lines.get(key, 1))


def site_steps(directory: Directory, options: ImportOptions) -> Iterator[PlannedStep]:
    """Add the sites that the log does not know."""
    for key, site in directory.sites.items():
        id = site_id(key, options)
        if options.known is None or id not in options.known.sites:
            command = AddSite(site=id, name=CommonName(site.name), calendar=site.calendar)
            yield _on_directory(command, directory.lines.get(key, 1))


def site_id(key: str, options: ImportOptions) -> UUID:
    """The id of a site of the file."""
    return options.new_id("site", key.casefold())


def team_steps(planned: Iterable[PlannedOwner], owners: Owners) -> Iterator[PlannedStep]:
    """Add the teams that only the outline knows."""
    lines = {one.owner.id: one.line for one in planned}
    for team in owners.added.values():
        command = AddTeam(team=team.id, name=CommonName(team.name), lead=team.responsible)
        yield PlannedStep(Step(DIRECTORY, command), lines.get(team.id, 1))


def cycle_steps(
    planned: Iterable[PlannedOwner], options: ImportOptions, name: str, actor: UUID
) -> Iterator[PlannedStep]:
    """Open a cycle for the owners, or enrol them in the one that is open."""
    cycle = Ref("cycle", options.cycle_id)
    if options.cycle is not None:
        enrolled = options.known.participants if options.known is not None else frozenset()
        for one in planned:
            if one.owner.id not in enrolled:
                yield PlannedStep(
                    Step(cycle, EnrolParticipant(owner=one.owner.id, reason=AuthorText(JOINING))), one.line
                )
        return
    command = OpenCycle(
        name=CommonName(name),
        framework=options.framework,
        facilitator=actor,
        period=options.period,
        site=options.site,
        windows=options.windows,
        preset=options.preset,
        policy=options.policy,
        participants=tuple(one.owner.id for one in planned),
    )
    yield PlannedStep(Step(cycle, command), 1)


def goal_steps(goals: Iterable[PlannedGoal], options: ImportOptions) -> Iterator[PlannedStep]:
    """Draft every goal."""
    for goal in goals:
        command = DraftGoal(cycle=options.cycle_id, owner=goal.owner.id, goal=goal.goal, definition=goal.definition)
        yield PlannedStep(Step(Ref("plan", goal.plan), command), goal.line)


def _on_directory(command: Command, line: int) -> PlannedStep:
    return PlannedStep(Step(DIRECTORY, command), line, of_directory=True)
