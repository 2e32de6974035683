"""What is known of a plan, and the questions its rules share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from domain.cycle.policy import Relation
from domain.cycle.state import CycleState
from domain.decider import Context, Decider, Ref
from domain.directory.state import DIRECTORY, DirectoryState
from domain.goals import GoalDefinition, plan_hash
from domain.messages import Command
from domain.problems import problem
from domain.sealed import AuthorText
from domain.values import Frozen, Instant, Number, Share, plan_id

PLAN_UNKNOWN = problem("plan.unknown", 404, "There is no such plan.", "Draft or assign its first goal.")
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
GOAL_UNKNOWN = problem("goal.unknown", 404, "The plan has no goal {goal}.", "Look at the plan for its goals.")
NOT_ALLOWED = problem(
    "plan.not_allowed", 403, "Only {who} may do this.", "Ask one of them, or have the reporting line corrected."
)


class Side(StrEnum):
    """The two sides of a negotiation (R4.1)."""

    OWNER = "owner"
    COUNTERPART = "counterpart"
    """The owner's manager, or who stands in where there is none."""

    @property
    def other(self) -> Side:
        return Side.COUNTERPART if self is Side.OWNER else Side.OWNER


class Reading(Frozen):
    """A value of one measure at one check-in. Typed by the owner it is *claimed* (R6.2)."""

    measure: UUID
    """A key result's id, or the goal's own id for a KPI."""
    value: Number | None = None
    done: tuple[UUID, ...] | None = None
    """The milestones reached so far."""


class Reflection(Frozen):
    """What was learned on the path (R7.5)."""

    what_happened: AuthorText
    why: AuthorText
    learned: AuthorText
    next_step: Literal["keep", "stop", "try"]


class Goal(Frozen):
    """A goal in its plan, at its latest revision."""

    id: UUID
    definition: GoalDefinition
    hash: str
    number: int = 1
    """Which revision this is."""
    round: int = 0
    """Which round of negotiation; 0 before the first proposal (R4.1)."""
    first_author: UUID
    author: UUID
    accepted: frozenset[Side] = frozenset()
    """The sides that accepted exactly this hash."""
    turn: Side | None = None
    """Who has to answer."""
    turn_due: Instant | None = None
    turn_since: int = 0
    turn_reminded: bool = False
    assigned_by: UUID | None = None
    """KPI: who assigned it."""
    receipt: Literal["acknowledged", "served"] | None = None
    """KPI: how the owner received this hash."""
    served_at: Instant | None = None
    readings: dict[UUID, Reading] = Field(default_factory=dict)
    confidence: Share | None = None
    status: str | None = None
    final: bool = False
    """The final values are in (R2.4)."""
    checked_in_at: Instant | None = None
    reflection: Reflection | None = None

    @property
    def agreed(self) -> bool:
        """OKR: both sides accepted one content hash (R4.1). KPI: acknowledged or served (R2.4)."""
        if self.definition.kind == "okr":
            return len(self.accepted) == 2
        return self.receipt is not None


class Signature(Frozen):
    """Who signed which step of which hash."""

    step: int
    signer: UUID
    hash: str
    at: Instant


class Signing(Frozen):
    """A submitted plan on its way through the chain."""

    hash: str
    submitted_by: UUID
    signatures: tuple[Signature, ...] = ()
    since: int
    """The version since which the present step waits."""
    remind_at: Instant
    escalate_at: Instant
    reminded: bool = False
    escalated: bool = False
    escalated_to: UUID | None = None
    """Who may sign the waiting step besides; None with `escalated` where nobody was left to ask."""
    escalated_since: int = 0
    """The version of the waiting step's last escalation."""
    complete: bool = False

    @property
    def step(self) -> int:
        """The step that waits, counted from 0."""
        return len(self.signatures)


class VoidedSignature(Frozen):
    """A signature that no longer counts, and why (R5.1)."""

    signature: Signature
    reason: str
    """A stable code: `goal_changed`, `goal_added`, `rejected`, `changes_requested`, `recalled`."""
    by: UUID | None
    at_version: int


class Receipt(Frozen):
    """How a published result was received (R7.4)."""

    result: str
    """The result's hash."""
    how: Literal["assent", "dissent", "served"]


class PlanState(Frozen):
    """The plan after its events."""

    version: int = 0
    cycle: UUID | None = None
    owner: UUID | None = None
    goals: dict[UUID, Goal] = Field(default_factory=dict)
    signing: Signing | None = None
    voided: tuple[VoidedSignature, ...] = ()
    receipt: Receipt | None = None
    last_check_in: Instant | None = None

    @property
    def id(self) -> UUID:
        """The plan's own stream. Raises `plan.unknown`."""
        if self.cycle is None or self.owner is None:
            raise PLAN_UNKNOWN()
        return plan_id(self.cycle, self.owner)

    @property
    def signed(self) -> bool:
        """Whether every step of the chain signed exactly what the plan says now."""
        return self.signing is not None and self.signing.complete

    def goal(self, goal: UUID) -> Goal:
        """A goal of the plan. Raises `goal.unknown`."""
        if goal not in self.goals:
            raise GOAL_UNKNOWN(goal=str(goal))
        return self.goals[goal]

    def with_goal(self, goal: Goal) -> PlanState:
        """The plan with one goal replaced."""
        return self.model_copy(update={"goals": {**self.goals, goal.id: goal}})

    def content_hash(self, scoring_hash: str) -> str:
        """What a signature binds (R5.1)."""
        return plan_hash((goal.hash for goal in self.goals.values()), scoring_hash)


class PlanCommand(Command):
    """A command to a plan."""


class OpeningCommand(PlanCommand):
    """A command that may be a plan's first: a plan's id is made of both and cannot be inverted."""

    opens = True

    cycle: UUID
    owner: UUID
    goal: UUID

    def subject_scope(self) -> UUID | None:
        return self.goal


class Ground(Frozen):
    """What a plan's rules stand on: the plan's cycle, the directory and the people around the plan."""

    cycle: CycleState
    directory: DirectoryState
    owner: UUID
    """The person who answers for the plan: the owner, or the team's lead."""
    takes_part: bool
    """Whether the plan's owner is enrolled and not excused."""
    steps: tuple[frozenset[UUID], ...]
    """Who may sign each step of the chain."""

    @property
    def counterpart(self) -> frozenset[UUID]:
        """The other side of a negotiation: whoever signs first (R4)."""
        return self.steps[0] if self.steps else frozenset()

    def side_of(self, actor: UUID) -> Side | None:
        """Which side somebody is on."""
        if actor == self.owner:
            return Side.OWNER
        return Side.COUNTERPART if actor in self.counterpart else None


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


def plan_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    """A plan's rules stand on its cycle and the directory."""
    del stream, states
    cycle = state.cycle or (command.cycle if isinstance(command, OpeningCommand) else None)
    return [DIRECTORY] if cycle is None else [DIRECTORY, Ref("cycle", cycle)]


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
    return ground_of(owner, context.state("cycle", cycle_id), context.states[DIRECTORY])


def ground_of(owner: UUID, cycle: CycleState, directory: DirectoryState) -> Ground:
    """The ground of an owner's plan, made of the two states it stands on."""
    return Ground(
        cycle=cycle,
        directory=directory,
        owner=directory.responsible(owner),
        takes_part=cycle.takes_part(owner),
        steps=chain_steps(directory, cycle, owner),
    )


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


def _owner_of(state: PlanState, command: Command | None) -> UUID | None:
    return state.owner or (command.owner if isinstance(command, OpeningCommand) else None)


plan = Decider(
    kind="plan",
    initial=PlanState(),
    needs=plan_needs,
    owner_of=_owner_of,
    parent_of=lambda state: state.cycle,
)
