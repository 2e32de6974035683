"""What a plan's rules stand on: its cycle, the directory, and the people around the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from domain.access.refusals import PLAN_UNKNOWN
from domain.cycle.policy import Framework, Relation
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState, Role
from domain.messages import Command
from domain.plan.chain import Step, chain_steps, humans_above
from domain.plan.joining import stage_of
from domain.plan.state import OpeningCommand, PlanState
from domain.plan.talks import Side
from domain.problems import problem
from domain.values import plan_id

PLAN_ID = problem(
    "plan.id_mismatch",
    422,
    "The plan of this owner in this cycle is {plan}.",
    "Send the command to that plan, or correct `cycle` and `owner`.",
)
NOT_PARTICIPANT = problem(
    "plan.not_participant",
    409,
    "This owner does not take part in the cycle.",
    "Ask the facilitator to enrol the owner.",
)


@dataclass(frozen=True)
class Ground:
    """What a plan's rules stand on: the plan's cycle, the directory and the people around the plan."""

    cycle: CycleState
    directory: DirectoryState
    plan_owner: UUID
    """The person or team whose plan it is."""
    owner: UUID
    """The person who answers for the plan: the owner, or the team's lead."""

    @property
    def takes_part(self) -> bool:
        """Whether the plan's owner is enrolled and not excused."""
        return self.cycle.takes_part(self.plan_owner)

    def stage(self, state: PlanState) -> Phase:
        """The phase by which the plan's goals change and are signed (R5.7, R2.6)."""
        return stage_of(self.cycle, self.plan_owner, state)

    @property
    def framework(self) -> Framework:
        """The instruments that the plan may hold (R1.1)."""
        return self.cycle.framework_of(self.directory, self.plan_owner)

    @cached_property
    def human(self) -> UUID:
        """The person behind the account that answers for the plan: nobody signs their own (R5.4)."""
        return self.directory.human(self.owner)

    @cached_property
    def chain(self) -> tuple[Step, ...]:
        """The steps that sign the plan."""
        return chain_steps(self.directory, self.cycle, self.plan_owner)

    @property
    def steps(self) -> tuple[frozenset[UUID], ...]:
        """Whom each step of the chain names."""
        return tuple(step.people for step in self.chain)

    @property
    def manager(self) -> frozenset[UUID]:
        """The owner's manager, or who stands in where there is none: whoever signs as such, else who signs first."""
        asked = enumerate(self.cycle.policy.chain)
        return self.chain[next((place for place, step in asked if step.relation is Relation.MANAGER), 0)].people

    @cached_property
    def counterpart(self) -> frozenset[UUID]:
        """The other side of a negotiation: the manager, and their delegates (R4, R5.5)."""
        manager = self.manager
        delegates = [to for one in manager for to in self.directory.delegates_of(one)]
        return manager.union(to for to in delegates if self.directory.human(to) != self.human)

    def side_of(self, actor: UUID) -> Side | None:
        """Which side somebody is on."""
        if actor == self.owner:
            return Side.OWNER
        return Side.COUNTERPART if actor in self.counterpart else None

    def people_of(self, side: Side) -> frozenset[UUID]:
        """Who speaks for a side."""
        return frozenset({self.owner}) if side is Side.OWNER else self.counterpart


def ground(state: PlanState, context: Context, command: Command | None = None) -> Ground:
    """The ground of a plan's rules. Raises where there is no such plan."""
    cycle_id, owner = state.cycle, state.owner
    if command is not None and command.opens and isinstance(command, OpeningCommand):
        expected = plan_id(command.cycle, command.owner)
        if context.stream != expected:
            raise PLAN_ID("/cycle", plan=str(expected))
        cycle_id, owner = command.cycle, command.owner
    if cycle_id is None or owner is None:
        raise PLAN_UNKNOWN()
    found: Ground | None = context.memo.get(cycle_id)
    if found is None or found.plan_owner != owner:
        found = context.memo[cycle_id] = ground_of(owner, context.state("cycle", cycle_id), directory_at(context))
    return found


def admitted(state: PlanState, context: Context, *phases: Phase, command: Command | None = None) -> Ground:
    """The ground of a rule that belongs to these phases: the owner takes part."""
    found = ground(state, context, command)
    if found.cycle.phase is Phase.TRACK and Phase.COMMIT in phases and found.stage(state) is Phase.COMMIT:
        phases = (*phases, Phase.TRACK)  # its goals change and are signed in a stage of their own (R5.7, R2.6)
    found.cycle.require_phase(context.at, *phases)
    require_participant(found)
    return found


def ground_of(owner: UUID, cycle: CycleState, directory: DirectoryState) -> Ground:
    """The ground of an owner's plan, made of the two states it stands on."""
    return Ground(cycle, directory, owner, directory.responsible(owner))


def require_participant(found: Ground) -> None:
    """Refuse plans of owners who are not enrolled or are excused (R2.6)."""
    if not found.takes_part:
        raise NOT_PARTICIPANT("/owner")


def next_above(found: Ground, asked: frozenset[UUID], passed: frozenset[UUID] = frozenset()) -> UUID | None:
    """The next level up the line above everybody who was asked, where the line ends a board approver (R5.6, R4.3).

    Neither the plan's owner nor who is in `passed`, by whatever account; None where nobody is left to ask.
    """
    line = humans_above(found.directory, found.owner)
    return beyond(found.directory, line, asked, {found.owner, *passed}, otherwise=len(line))


def beyond(
    directory: DirectoryState, line: Sequence[UUID], asked: Iterable[UUID], passed: Iterable[UUID], otherwise: int = 0
) -> UUID | None:
    """Who comes next in a line beyond everybody who was asked, never below them; where it ends, a board approver.

    `otherwise`: from which place on, where nobody of the line was asked. None where nobody is left.
    """
    human = directory.human
    below, out = {human(one) for one in asked}, {human(one) for one in passed}
    reached = max((place for place, one in enumerate(line, 1) if human(one) in below), default=otherwise)
    board = sorted(directory.holders(Role.BOARD_APPROVER))
    return next((one for one in [*line[reached:], *board] if human(one) not in below | out), None)
