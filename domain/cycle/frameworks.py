"""Choosing the framework of a cycle, or of one unit in it, for a reason (R1.1). Advice informs; a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from domain.cycle.advice import UnitFacts, advise
from domain.cycle.policy import Framework
from domain.cycle.state import CycleCommand, CycleState, FrameworkChoice, cycle
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.requiring import require_team
from domain.directory.state import DirectoryState
from domain.messages import Event
from domain.plan.state import PlanState
from domain.problems import problem
from domain.sealed import AuthorText

GOALS_EXIST = problem(
    "framework.goals_exist",
    409,
    "The plan of {owner} holds {kind} goals, which {framework} leaves no place for.",
    "Let them be abandoned or moved first, or choose composite.",
)


class ChooseFramework(CycleCommand):
    """Choose KPIs, OKRs or both for the cycle, or for one unit: a team with those under it (R1.1)."""

    edits: ClassVar[bool] = True
    reads_plans: ClassVar[bool] = True

    framework: Framework
    unit: UUID | None = None
    """A team; absent: the whole cycle, wherever no unit chose for itself."""
    reason: AuthorText
    facts: UnitFacts | None = None
    """What the choice rests on: the advice on them is kept beside it."""


class FrameworkChosen(Event):
    """The cycle or a unit runs by this framework."""

    framework: Framework
    unit: UUID | None = None
    reason: AuthorText
    facts: UnitFacts | None = None
    advised: Framework | None = None
    """What the advice on these facts was: a person may choose otherwise."""


@cycle.decides(ChooseFramework)
def choose_framework(state: CycleState, command: ChooseFramework, context: Context) -> list[Event]:
    """In draft, by the facilitator, and only where no goal is there that the framework leaves no place for."""
    state.require_phase(context.at, Phase.DRAFT)
    directory = directory_at(context)
    require_team(directory, command.unit, "/unit")
    chosen = FrameworkChosen(
        framework=command.framework,
        unit=command.unit,
        reason=command.reason,
        facts=command.facts,
        advised=advise(command.facts).framework if command.facts is not None else None,
    )
    after = framework_chosen(state, chosen)
    if after == state:
        return []
    _require_place(state, after, directory, context)
    return [chosen]


def _require_place(before: CycleState, after: CycleState, directory: DirectoryState, context: Context) -> None:
    """Whoever follows another framework now has no goals of the instrument that it leaves out."""
    for ref in after.plans():
        plan: PlanState = context.states[ref]
        if plan.owner is None:
            continue
        framework = after.framework_of(directory, plan.owner)
        if framework in (Framework.COMPOSITE, before.framework_of(directory, plan.owner)):
            continue
        for goal in plan.goals.values():
            if goal.definition.kind != framework.value:
                raise GOALS_EXIST(
                    "/framework",
                    owner=str(plan.owner),
                    kind=goal.definition.kind,
                    framework=framework.value,
                )


@cycle.evolves(FrameworkChosen)
def framework_chosen(state: CycleState, event: FrameworkChosen) -> CycleState:
    choice = FrameworkChoice(framework=event.framework, reason=event.reason, facts=event.facts, advised=event.advised)
    if event.unit is None:
        return state.model_copy(update={"framework": event.framework, "framework_choice": choice})
    units: Mapping[UUID, FrameworkChoice] = {**state.unit_frameworks, event.unit: choice}
    return state.model_copy(update={"unit_frameworks": units})
