"""Transferring a goal: out of one plan and into another in one request, hashes and versions linked both ways (R3.9).

The goal keeps its id, content and hash; the new owner agrees to it anew, or receives it anew: an OKR moved by their
counterpart lies on the table, one moved by others is theirs to put there. Its alignments go along
as requests, because a parent's owner answered somebody else, and so that no circle can close unseen. Its texts stay
sealed for the old owner until the new one revises them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from domain.access.refusals import GOAL_UNKNOWN
from domain.cycle.windows import NEGOTIABLE
from domain.decider import Context, Ref
from domain.goals import GoalDefinition
from domain.messages import Event, Wake
from domain.plan.carrying import as_requests
from domain.plan.departed import Departed
from domain.plan.drafting import opening, require_current, require_framework, require_room
from domain.plan.goal import Audience, Goal, Reading
from domain.plan.ground import NOT_PARTICIPANT, Ground, admitted
from domain.plan.links import Contributor, Edge
from domain.plan.patience import by_when
from domain.plan.state import OpeningCommand, PlanCommand, PlanState, plan
from domain.plan.talks import Side
from domain.plan.tallies import Baseline, Tally
from domain.plan.turns import times_to_answer
from domain.plan.voiding import void_signatures
from domain.problems import problem
from domain.sealed import AuthorText
from domain.spreading import Part
from domain.values import Frozen, Hash, Instant, Share, plan_id

OTHER_CYCLE = problem(
    "transfer.other_cycle",
    422,
    "Goals and key results go from plan to plan within their cycle.",
    "Carry it over when the next cycle opens.",
)
SAME_PLAN = problem("transfer.same_plan", 422, "The goal is in this plan already.", "Name another owner.")


class TransferGoal(PlanCommand):
    """Move a goal into another owner's plan: before commit closes, or while both plans are being amended (R3.9, R5.7).
    Sent to the plan that it leaves.
    """

    goal: UUID
    hash: Hash
    cycle: UUID
    to_owner: UUID
    """A person or a team that takes part in the cycle."""
    reason: AuthorText

    @property
    def to_plan(self) -> UUID:
        return plan_id(self.cycle, self.to_owner)

    def spread(self, stream: UUID) -> tuple[Part, ...]:
        into = ReceiveGoal(cycle=self.cycle, owner=self.to_owner, goal=self.goal, from_plan=stream)
        return (Part(Ref("plan", self.to_plan), into),)

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        del state, states
        return () if self.to_plan == stream else (Ref("plan", self.to_plan),)


class ReceiveGoal(OpeningCommand):
    """The other half of TransferGoal."""

    inner: ClassVar[bool] = True

    from_plan: UUID

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        del state, states
        return () if self.from_plan == stream else (Ref("plan", self.from_plan),)


class Carried(Frozen):
    """What a goal takes along besides its content."""

    numbered: int
    round: int
    first_author: UUID
    author: UUID
    contributors: dict[UUID, Contributor] = Field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    """As requests."""
    orphan: AuthorText | None = None
    audience: Audience = "default"
    viewers: tuple[UUID, ...] = ()
    pay_linked: bool = False
    found_baseline: Baseline | None = None
    original: GoalDefinition | None = None
    readings: dict[UUID, Reading] = Field(default_factory=dict)
    tallies: dict[UUID, Tally] = Field(default_factory=dict)
    confidence: Share | None = None
    status: str | None = None
    checked_in_at: Instant | None = None


REPORTED = ("found_baseline", "original", "readings", "tallies", "confidence", "status", "checked_in_at")
"""What was measured of it, and what was signed first: where it moves by an amendment of both plans (R5.7)."""


class GoalTransferred(Event):
    """A goal left the plan for another."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT, Wake.CHILDREN})

    goal: UUID
    hash: Hash
    number: int
    to_plan: UUID
    to_owner: UUID
    to_version: int
    """The other plan's version that received it."""
    reason: AuthorText


class GoalReceived(Event):
    """A goal came into the plan from another."""

    wakes: ClassVar[frozenset[Wake]] = frozenset({Wake.PARENT})

    goal: UUID
    definition: GoalDefinition
    hash: Hash
    number: int
    from_plan: UUID
    from_owner: UUID
    from_version: int
    """The other plan's version that let it go."""
    by: UUID
    """Who transferred it: a KPI is assigned by them."""
    on_the_table: bool = False
    """OKR: it was on the table, and who transferred it is the counterpart here: the owner answers."""
    answer_by: Instant | None = None
    """When the owner is reminded; for a KPI, when it counts as served (R2.4)."""
    mediate_by: Instant | None = None
    carried: Carried


@plan.decides(TransferGoal)
def transfer_goal(state: PlanState, command: TransferGoal, context: Context) -> list[Event]:
    """Somebody above both owners, or the facilitator."""
    found = admitted(state, context, *NEGOTIABLE)
    goal = state.goal(command.goal)
    if command.cycle != state.cycle:
        raise OTHER_CYCLE("/cycle")
    if command.to_plan == context.stream:
        raise SAME_PLAN("/to_owner")
    if not found.cycle.takes_part(command.to_owner):
        raise NOT_PARTICIPANT("/to_owner")
    require_current(goal, command.hash)
    into: PlanState = context.state("plan", command.to_plan)
    transferred = GoalTransferred(
        goal=goal.id,
        hash=goal.hash,
        number=goal.number,
        to_plan=command.to_plan,
        to_owner=command.to_owner,
        to_version=into.version + (1 if into.cycle else 2),
        reason=command.reason,
    )
    return [transferred, *void_signatures(state, "goal_transferred", goal.id, context.actor)]


@plan.decides(ReceiveGoal)
def receive_goal(state: PlanState, command: ReceiveGoal, context: Context) -> list[Event]:
    """Asked of the other plan as an assignment would be: nobody moves a goal into a plan of their own."""
    found = admitted(state, context, *NEGOTIABLE, command=command)
    source: PlanState = context.state("plan", command.from_plan)
    gone = source.departed.get(command.goal)
    if gone is None or gone.to != context.stream or source.owner is None:
        raise GOAL_UNKNOWN("/goal", goal=str(command.goal))
    definition = gone.goal.definition
    require_framework(found, definition, "/to_owner")
    require_room(state, command)
    on_the_table = definition.kind == "okr" and gone.goal.proposed and context.actor in found.counterpart
    answer_by, mediate_by = times_to_answer(found, context, Side.OWNER) if on_the_table else (None, None)
    if definition.kind == "kpi":
        answer_by = by_when(found, context, {found.owner}, found.cycle.policy.assignment_served)
    received = GoalReceived(
        goal=gone.goal.id,
        definition=definition,
        hash=gone.goal.hash,
        number=gone.goal.number,
        from_plan=command.from_plan,
        from_owner=source.owner,
        from_version=gone.at_version,
        by=context.actor,
        on_the_table=on_the_table,
        answer_by=answer_by,
        mediate_by=mediate_by,
        carried=_carried(gone, state, found, context),
    )
    voided = void_signatures(state, "goal_added", gone.goal.id, context.actor)
    return [*opening(state, command), received, *voided]


def _carried(gone: Departed, state: PlanState, found: Ground, context: Context) -> Carried:
    goal, human = gone.goal, found.directory.human
    return Carried(
        numbered=goal.numbered,
        round=goal.round,
        first_author=goal.first_author,
        author=goal.author,
        contributors={person: one for person, one in goal.contributors.items() if human(person) != human(found.owner)},
        edges=as_requests(gone.edges, state, found, context),
        orphan=goal.orphan,
        audience=goal.audience,
        viewers=tuple(sorted(goal.viewers)),
        pay_linked=goal.pay_linked,
        **{name: getattr(goal, name) for name in REPORTED},
    )


@plan.evolves(GoalTransferred)
def goal_transferred(state: PlanState, event: GoalTransferred) -> PlanState:
    return state.without_goal(event.goal, event.to_plan)


@plan.evolves(GoalReceived)
def goal_received(state: PlanState, event: GoalReceived) -> PlanState:
    version, carried, is_kpi = state.version + 1, event.carried, event.definition.kind == "kpi"
    goal = Goal(
        id=event.goal,
        definition=event.definition,
        hash=event.hash,
        number=event.number,
        numbered=carried.numbered,
        round=carried.round,
        first_author=carried.first_author,
        author=carried.author,
        rounds=1 if event.on_the_table else 0,
        accepted=frozenset({Side.COUNTERPART}) if event.on_the_table else frozenset(),
        accepted_by=frozenset({event.by}) if event.on_the_table else frozenset(),
        turn=Side.OWNER if event.on_the_table else None,
        turn_due=None if is_kpi else event.answer_by,
        turn_since=version,
        mediate_at=event.mediate_by,
        assigned_by=event.by if is_kpi else None,
        served_at=event.answer_by if is_kpi else None,
        contributors={
            person: one.model_copy(update={"since": version}) for person, one in carried.contributors.items()
        },
        orphan=carried.orphan,
        audience=carried.audience,
        viewers=frozenset(carried.viewers),
        pay_linked=carried.pay_linked,
        from_plan=event.from_plan,
        **{name: getattr(carried, name) for name in REPORTED},
    )
    edges = {edge.id: edge.model_copy(update={"since": version}) for edge in carried.edges}
    departed = {id: gone for id, gone in state.departed.items() if id != event.goal}
    return state.with_goal(goal).model_copy(update={"edges": {**state.edges, **edges}, "departed": departed})
