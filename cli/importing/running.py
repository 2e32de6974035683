"""Sends an import's order, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from cli.composition import Engine
from cli.importing.options import Known, KnownSite
from cli.importing.planning import ImportPlan
from cli.importing.steps import PlannedStep
from domain.access.refusals import CYCLE_UNKNOWN
from domain.cycle.opening import OpenCycle
from domain.cycle.state import CycleState
from domain.decider import Ref
from domain.directory.founding import NOT_FOUNDED
from domain.directory.state import DIRECTORY, DirectoryState, Role
from domain.plan.state import PlanState
from domain.problems import DomainError


class ImportRefused(Exception):
    """A rule of the domain refused the order; nothing was changed."""

    def __init__(self, refusal: DomainError, line: int, *, of_directory: bool) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.line = line
        self.of_directory = of_directory
        """The line is the directory file's."""

    @property
    def message(self) -> str:
        """The sentence of the refusal and the way out, without the code."""
        sentence = str(self.refusal).removeprefix(f"{self.refusal.code}: ")
        return f"{sentence} {self.refusal.problem.hint}".rstrip()


@dataclass(frozen=True)
class ImportReport:
    """What came of an import."""

    plan: ImportPlan
    outcome: Literal["appended", "duplicate", "dry_run"]
    first_position: int = 0
    last_position: int = 0
    events: int = 0
    """Appended, or what a dry run would append; 0 for a duplicate."""
    notes: tuple[str, ...] = ()
    """What the reader should know; the plan's notes first."""

    @property
    def goals(self) -> dict[int, UUID]:
        """Line of an objective to its goal."""
        return {goal.line: goal.goal for goal in self.plan.goals}

    def as_object(self) -> dict[str, Any]:
        """Everything as one JSON object."""
        plan = self.plan
        return {
            "outcome": self.outcome,
            "ids_are_made_up": self.outcome == "dry_run" and plan.options.known is None,
            "organization": str(plan.options.organization),
            "cycle": str(plan.options.cycle_id),
            "actor": str(plan.actor),
            "first_position": self.first_position,
            "last_position": self.last_position,
            "events": self.events,
            "people": {key: str(id) for key, id in plan.people.items()},
            "owners": [
                {
                    "key": planned.owner.key,
                    "name": planned.owner.name,
                    "kind": planned.owner.kind,
                    "id": str(planned.owner.id),
                    "responsible": str(planned.owner.responsible),
                    "plan": str(planned.plan),
                }
                for planned in plan.owners
            ],
            "goals": [
                {
                    "line": goal.line,
                    "title": goal.title,
                    "goal": str(goal.goal),
                    "plan": str(goal.plan),
                    "owner": str(goal.owner.id),
                    "ambition": goal.definition.ambition.value,
                    "weight": str(goal.definition.weight),
                    "key_results": [
                        {
                            "line": result.line,
                            "title": result.title,
                            "id": str(result.definition.id),
                            "kind": result.definition.kind,
                            "final": result.final.model_dump(mode="json", exclude={"measure"}, exclude_none=True),
                        }
                        for result in goal.results
                    ],
                }
                for goal in plan.goals
            ],
            "skipped": [{"line": one.line, "what": one.what, "title": one.title} for one in plan.skipped],
            "notes": list(self.notes),
        }


async def read_known(engine: Engine, organization: UUID, cycle: UUID | None = None) -> Known:
    """What the log knows. Raises DomainError `organization.unknown` or `cycle.unknown`."""
    directory: DirectoryState = (await engine.handler.cache.refresh(organization, DIRECTORY)).state
    if not directory.founded:
        raise NOT_FOUNDED()
    directory = await engine.opener(organization).open(directory)
    admins = [person.id for person in directory.people.values() if directory.has_role(person.id, Role.ADMIN)]
    found: CycleState | None = None
    if cycle is not None:
        found = (await engine.handler.cache.refresh(organization, Ref("cycle", cycle))).state
        if not found.opened:
            raise CYCLE_UNKNOWN()
    facilitator = found.facilitator if found is not None else None
    return Known(
        people={person.id: person.name.text or "" for person in directory.people.values() if person.active},
        teams={team.id: team.name.text or "" for team in directory.teams.values()},
        leads={team.id: team.lead for team in directory.teams.values()},
        admin=facilitator or admins[0],
        participants=frozenset(found.participants) if found is not None else frozenset(),
        name=(directory.name.text if directory.name is not None else None) or "",
        cycle_name=await _name_of(engine, organization, found),
        zone=directory.zone,
        sites={site.id: KnownSite(site.name.text or "", site.calendar.zone) for site in directory.sites.values()},
    )


async def _name_of(engine: Engine, organization: UUID, cycle: CycleState | None) -> str:
    if cycle is None or cycle.name is None:
        return ""
    opened = await engine.opener(organization).open(cycle)
    return (opened.name.text if opened.name is not None else None) or ""


async def run_import(engine: Engine, plan: ImportPlan, *, dry_run: bool = False) -> ImportReport:
    """Import as one order: everything or nothing. The same file into the same cycle again answers `duplicate`.

    Raises:
        ImportRefused: a rule refused it; with the line that asked for what was refused.
    """
    organization = plan.options.organization
    first = await engine.log.find_command(organization, plan.options.command_id)
    if first is not None:
        return ImportReport(plan, "duplicate", first.first_position, first.last_position, notes=plan.notes)
    try:
        answer = await engine.handler.execute(plan.order(dry_run=dry_run))
    except DomainError as refusal:
        raise await _located(engine, plan, refusal) from refusal
    outcome: Literal["appended", "duplicate", "dry_run"] = "dry_run" if dry_run else "appended"
    if answer.outcome == "duplicate":
        outcome = "duplicate"
    notes = (*plan.notes, *(await _weights(engine, plan) if outcome == "appended" else ()))
    return ImportReport(plan, outcome, answer.first_position, answer.last_position, len(answer.events), notes)


async def _located(engine: Engine, plan: ImportPlan, refusal: DomainError) -> ImportRefused:
    """Find the command that was refused: the shortest refused beginning of the order ends with it."""
    fits, refused = 0, len(plan.steps)
    while refused - fits > 1:
        middle = (fits + refused) // 2
        try:
            await engine.handler.execute(plan.order(steps=middle, dry_run=True))
            fits = middle
        except DomainError as found:
            refused, refusal = middle, found
    step = plan.steps[refused - 1]
    return ImportRefused(refusal, _line_of(plan, step, refusal), of_directory=step.of_directory)


def _line_of(plan: ImportPlan, step: PlannedStep, refusal: DomainError) -> int:
    """An owner who cannot take part is told at their first objective."""
    place = refusal.pointer.removeprefix("/participants/")
    if isinstance(step.step.command, OpenCycle) and place.isdigit():
        return plan.owners[int(place)].line
    return step.line


async def _weights(engine: Engine, plan: ImportPlan) -> list[str]:
    """A plan that had goals before has more than 100 % now; the import changes nobody's earlier goals."""
    notes = []
    for planned in plan.owners:
        cached = await engine.handler.cache.load(plan.options.organization, Ref("plan", planned.plan))
        state: PlanState = cached.state
        total = sum(goal.definition.weight for goal in state.goals.values() if goal.definition.kind == "okr")
        if total != 100:
            notes.append(f"The plan of {planned.owner.name} had goals already: its weights total {total} now, not 100.")
    return notes
