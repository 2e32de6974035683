"""What a plan's rules stand on: its cycle, the directory, and the people around the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from domain.access.refusals import NOT_ALLOWED as NOT_ALLOWED
from domain.cycle.policy import Relation
from domain.cycle.state import CycleState
from domain.cycle.windows import Phase
from domain.decider import Context
from domain.directory.effects import directory_at
from domain.directory.state import DirectoryState, Role
from domain.messages import Command
from domain.plan.state import PLAN_UNKNOWN, OpeningCommand, PlanState, Side
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

    @cached_property
    def steps(self) -> tuple[frozenset[UUID], ...]:
        """Who may sign each step of the chain."""
        return chain_steps(self.directory, self.cycle, self.plan_owner)

    @property
    def counterpart(self) -> frozenset[UUID]:
        """The other side of a negotiation: whoever signs first (R4)."""
        return self.steps[0] if self.steps else frozenset()

    def side_of(self, actor: UUID) -> Side | None:
        """Which side somebody is on."""
        if actor == self.owner:
            return Side.OWNER
        return Side.COUNTERPART if actor in self.counterpart else None

    def people_of(self, side: Side) -> frozenset[UUID]:
        """Who speaks for a side."""
        return frozenset({self.owner}) if side is Side.OWNER else self.counterpart


def chain_steps(directory: DirectoryState, cycle: CycleState, owner: UUID) -> tuple[frozenset[UUID], ...]:
    """Who may sign each step for an owner; an empty step is pending, never approved (R5.2, R5.4)."""
    responsible = directory.responsible(owner)
    line = list(directory.line_above(responsible))
    place = {Relation.MANAGER: 0, Relation.MANAGERS_MANAGER: 1}
    steps: list[frozenset[UUID]] = []
    for step in cycle.policy.chain:
        index = place[step.relation]
        named = {line[index]} if index < len(line) else directory.holders(step.otherwise) - set(line)
        steps.append(frozenset(named) - {responsible})
    return tuple(steps)


def chain_is_complete(steps: Sequence[frozenset[UUID]], taken: frozenset[UUID] = frozenset()) -> bool:
    """Whether distinct people can be found for all steps: a person counts once in a chain (R5.4)."""
    if not steps:
        return True
    return any(chain_is_complete(steps[1:], taken | {signer}) for signer in steps[0] - taken)


def ground(state: PlanState, context: Context, command: Command | None = None) -> Ground:
    """The ground of a plan's rules. Raises where there is no such plan."""
    cycle_id, owner = state.cycle, state.owner
    if isinstance(command, OpeningCommand):
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
    """The ground of a rule that belongs to these phases: the owner takes part, and who acts has not left."""
    found = ground(state, context, command)
    found.cycle.require_phase(context.at, *phases)
    require_participant(found)
    require_active(found, context)
    return found


def ground_of(owner: UUID, cycle: CycleState, directory: DirectoryState) -> Ground:
    """The ground of an owner's plan, made of the two states it stands on."""
    return Ground(cycle, directory, owner, directory.responsible(owner))


def require_participant(found: Ground) -> None:
    """Refuse plans of owners who are not enrolled or are excused (R2.6)."""
    if not found.takes_part:
        raise NOT_PARTICIPANT("/owner")


def require_actor(context: Context, allowed: frozenset[UUID], who: str) -> None:
    """Refuse anybody but these people. `who` says it in the glossary's words."""
    if context.actor not in allowed:
        raise NOT_ALLOWED(who=who)


def require_active(found: Ground, context: Context) -> None:
    """Somebody who has left decides nothing."""
    if not found.directory.is_active(context.actor):
        raise NOT_ALLOWED(who="active people")


def next_above(found: Ground, asked: frozenset[UUID], passed: frozenset[UUID] = frozenset()) -> UUID | None:
    """The next level up the line above everybody who was asked, where the line ends a board approver (R5.6, R4.3).

    Neither the plan's owner nor who is in `passed`; None where nobody is left to ask.
    """
    out = asked | passed | {found.owner}
    line = list(found.directory.line_above(found.owner))
    # The next level lies above everybody who was asked, never below them.
    reached = max((line.index(person) + 1 for person in asked if person in line), default=len(line))
    higher = [person for person in line[reached:] if person not in out]
    board = sorted(found.directory.holders(Role.BOARD_APPROVER) - out)
    return next(iter([*higher, *board]), None)
