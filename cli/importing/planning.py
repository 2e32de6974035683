"""The plan of an import: pure, so that a dry run, a demo and a test see exactly what would be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from cli.importing.directory import Directory, DirectoryError, OrganizationEntry, PersonEntry
from cli.importing.goals import MAX_OBJECTIVES, limits_of, okr_of, parts_of, result_of, shares
from cli.importing.options import ImportOptions, Known
from cli.importing.owners import COMPANY, Owners
from cli.importing.periods import period_name
from cli.importing.steps import (
    PlannedGoal,
    PlannedOwner,
    PlannedStep,
    cycle_steps,
    founding_steps,
    goal_steps,
    people_steps,
    team_steps,
)
from cli.outline import Objective, Outline, OutlineError, OutlineProblem
from domain.directory.state import Role
from domain.sealed import MAX_TEXT
from domain.values import plan_id
from eventlog.orders import Order

FIRST, BOARD = "first", ("board-1", "board-2")


@dataclass(frozen=True)
class Skipped:
    """Something struck through that is not imported."""

    line: int
    what: Literal["objective", "key_result", "milestone"]
    title: str


@dataclass(frozen=True)
class ImportPlan:
    """Everything an import will do, in one order."""

    options: ImportOptions
    organization_name: str
    cycle_name: str
    actor: UUID
    people: dict[str, UUID]
    """By key of the directory."""
    owners: tuple[PlannedOwner, ...]
    goals: tuple[PlannedGoal, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    """What the reader should know, in sentences."""
    steps: tuple[PlannedStep, ...]

    @property
    def plans(self) -> dict[str, UUID]:
        """Owner's key to its plan."""
        return {planned.owner.key: planned.plan for planned in self.owners}

    def order(self, *, steps: int | None = None, dry_run: bool = False) -> Order:
        """The first `steps` commands (None: all) as one order."""
        return Order(
            organization=self.options.organization,
            actor=self.actor,
            command_id=self.options.command_id,
            steps=tuple(planned.step for planned in self.steps[:steps]),
            body=self.options.body,
            dry_run=dry_run,
        )


def plan_import(outline: Outline, directory: Directory | None, options: ImportOptions) -> ImportPlan:
    """What importing an outline means.

    Raises:
        OutlineError: where it is more than the domain can hold, by line.
        DirectoryError: `directory.unknown` where nobody is who `options.actor` names.
    """
    return _Planning(outline, directory, options).plan()


def _stand_in(outline: Outline, known: Known | None) -> Directory:
    """Who is there when no directory says so: a first person, and two approvers where the line ends (R5.2)."""
    name = (known.name if known is not None else outline.title)[:MAX_TEXT] or "Organization"
    people = {FIRST: PersonEntry(name="First person", first=True)} | {
        key: PersonEntry(name=f"Board approver {number}", roles=(Role.BOARD_APPROVER,))
        for number, key in enumerate(BOARD, start=1)
    }
    return Directory(organization=OrganizationEntry(name=name), people=people)


class _Planning:
    def __init__(self, outline: Outline, directory: Directory | None, options: ImportOptions) -> None:
        self.outline = outline
        self.options = options
        self.given = directory
        self.directory = self._with_founder(directory or _stand_in(outline, options.known))
        self.owners = Owners(options, self.directory)
        self.actor = self.owners.actor = self._actor()
        self.kept = [objective for objective in outline.objectives if not objective.abandoned]
        self.owner_of = {objective.line: self.owners.of(objective) for objective in self.kept}
        self.parts = {objective.line: parts_of(objective) for objective in self.kept}

    def plan(self) -> ImportPlan:
        self._refuse_limits()
        goals = tuple(self._goals())
        owners = tuple(self._owners(goals))
        cycle_name = self._cycle_name()
        return ImportPlan(
            options=self.options,
            organization_name=self.directory.organization.name,
            cycle_name=cycle_name,
            actor=self.actor,
            people={key: self.owners.person_id(key) for key in self._people},
            owners=owners,
            goals=goals,
            skipped=tuple(self._skipped()),
            notes=tuple(self._notes(goals)),
            steps=(
                *self._directory_steps(),
                *team_steps(owners, self.owners),
                *cycle_steps(owners, self.options, cycle_name, self.actor),
                *goal_steps(goals, self.options),
            ),
        )

    def _cycle_name(self) -> str:
        known, period = self.options.known, self.options.period
        if self.options.cycle is not None:
            return known.cycle_name if known is not None else ""
        zone = known.zone if known is not None else self.directory.organization.zone
        return self.options.cycle_name or self.outline.title or period_name(period, zone)

    def _directory_steps(self) -> Iterator[PlannedStep]:
        if self.options.known is None:
            return founding_steps(self.directory, self.owners, self.options)
        return people_steps(self.directory, self.owners, self.options) if self.given is not None else iter(())

    @property
    def _people(self) -> dict[str, PersonEntry]:
        """The people of the directory; a stand-in has a say only where an organization is founded."""
        return self.directory.people if self.given is not None or self.options.known is None else {}

    def _with_founder(self, directory: Directory) -> Directory:
        asked = self.options.actor
        if self.options.known is not None or asked is None:
            return directory
        found = [key for key in directory.people if key.casefold() == asked.casefold()]
        return directory.founded_by(found[0]) if found else directory

    def _actor(self) -> UUID:
        known, asked = self.options.known, self.options.actor
        if asked is None:
            return known.admin if known is not None else self.owners.person_id(self.directory.first)
        for key in self._people:
            if key.casefold() == asked.casefold():
                return self.owners.person_id(key)
        for id, name in (known.people if known is not None else {}).items():
            if asked in (str(id), name):
                return id
        message = "Nobody has the id, key or name that was given for the one who acts."
        raise DirectoryError([OutlineProblem(line=1, code="directory.unknown", message=message)])

    def _refuse_limits(self) -> None:
        problems = [found for one in self.kept for found in limits_of(one, self.parts[one.line])]
        if not self.kept:
            message = "Every objective is struck through: there is nothing to import."
            problems.append(OutlineProblem(line=1, code="import.no_objective", message=message))
        for plan in self._by_owner().values():
            if len(plan) > MAX_OBJECTIVES:
                message = f"An owner has {len(plan)} objectives here; {MAX_OBJECTIVES} is most, by least weight."
                line = plan[MAX_OBJECTIVES].line
                problems.append(OutlineProblem(line=line, code="import.too_many_objectives", message=message))
        if len(self.outline.title) > MAX_TEXT:
            message = f"The title has more than {MAX_TEXT} characters."
            problems.append(OutlineProblem(line=1, code="import.text_too_long", message=message))
        if problems:
            raise OutlineError(problems)

    def _by_owner(self) -> dict[UUID, list[Objective]]:
        plans: dict[UUID, list[Objective]] = {}
        for objective in self.kept:
            plans.setdefault(self.owner_of[objective.line].id, []).append(objective)
        return plans

    def _goals(self) -> Iterator[PlannedGoal]:
        weights = {
            objective.line: weight
            for plan in self._by_owner().values()
            for objective, weight in zip(plan, shares(len(plan)), strict=True)
        }
        for objective in self.kept:
            owner = self.owner_of[objective.line]
            results = tuple(result_of(part, self._new_id) for part in self.parts[objective.line])
            yield PlannedGoal(
                line=objective.line,
                title=objective.title,
                goal=self._new_id("goal", objective.line),
                plan=plan_id(self.options.cycle_id, owner.id),
                owner=owner,
                definition=okr_of(objective, results, weights[objective.line]),
                results=results,
            )

    def _new_id(self, kind: str, line: int) -> UUID:
        return self.options.new_id(kind, self.options.file_mac, str(self.options.cycle_id), str(line))

    def _owners(self, goals: tuple[PlannedGoal, ...]) -> Iterator[PlannedOwner]:
        seen: set[UUID] = set()
        for goal in goals:
            if goal.owner.id not in seen:
                seen.add(goal.owner.id)
                yield PlannedOwner(goal.owner, goal.plan, goal.line)

    def _skipped(self) -> Iterator[Skipped]:
        for objective in self.outline.objectives:
            if objective.abandoned:
                yield Skipped(objective.line, "objective", objective.title)
            for result in objective.key_results:
                if result.abandoned:
                    yield Skipped(result.line, "key_result", result.title)
                for milestone in result.milestones:
                    if milestone.abandoned:
                        yield Skipped(milestone.line, "milestone", milestone.title)

    def _notes(self, goals: tuple[PlannedGoal, ...]) -> Iterator[str]:
        if self.given is None and self.options.known is None:
            yield (
                "No directory was given: a first person leads every team, and two board approvers were added to sign "
                "where the reporting line ends. Name yours with --directory."
            )
        new = ", ".join(owner.name for owner in self.owners.added.values() if owner.key != COMPANY)
        if new:
            yield f"Nobody knows these owners, so they become teams: {new}."
        untagged = [goal.line for goal in goals if goal.owner.key == COMPANY]
        if untagged:
            yield f"Objectives without any tag go to the company's team: lines {_listed(untagged)}."
        alone = [goal.line for goal in goals if goal.results[0].line == goal.line]
        if alone:
            yield f"Objectives without key results became their own single step: lines {_listed(alone)}."
        policy = self.options.policy
        formal = policy.approach_required if policy is not None else self.options.preset == "formal"
        silent = [goal.line for goal in goals if goal.definition.approach is None]
        if formal and silent and self.options.cycle is None:
            yield (
                f"{len(silent)} of {len(goals)} goals state no approach, which a formal cycle asks for before a "
                "plan is submitted: write a paragraph `Approach: ...` below the objective, or propose a revision."
            )


def _listed(lines: list[int]) -> str:
    return ", ".join(str(line) for line in lines)
