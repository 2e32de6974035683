"""What is known of a plan as a whole, and the questions its rules share; each of its goals lies in `goal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from domain.access.refusals import GOAL_UNKNOWN, PLAN_UNKNOWN
from domain.decider import Decider, Ref
from domain.directory.state import DIRECTORY
from domain.goals import Kpi, Okr, metrics_of, plan_hash
from domain.messages import Command
from domain.plan.departed import Departed, GoneKeyResult
from domain.plan.goal import Goal
from domain.plan.links import Edge
from domain.plan.looks import NO_LOOK, MetricLook
from domain.plan.signatures import Signing, VoidedSignature
from domain.values import Frozen, Instant, plan_id

NO_STREAMS: frozenset[UUID] = frozenset()


class Receipt(Frozen):
    """How a published result was received (R7.4)."""

    result: str
    """The result's hash."""
    how: Literal["assent", "dissent", "served"]


class Amendment(Frozen):
    """A signed plan that is being amended: what was signed stays in force meanwhile (R5.7)."""

    goals: dict[UUID, Goal]
    """As they were signed, with what was reported since."""
    signing: Signing
    by: UUID
    since: int


class PlanState(Frozen):
    """The plan after its events."""

    version: int = 0
    cycle: UUID | None = None
    owner: UUID | None = None
    goals: dict[UUID, Goal] = Field(default_factory=dict)
    signing: Signing | None = None
    amendment: Amendment | None = None
    voided: tuple[VoidedSignature, ...] = ()
    receipt: Receipt | None = None
    last_check_in: Instant | None = None
    edges: dict[UUID, Edge] = Field(default_factory=dict)
    """Alignments of its goals to parents, by id (R3.7)."""
    departed: dict[UUID, Departed] = Field(default_factory=dict)
    """Goals that left it."""
    gone_key_results: dict[UUID, GoneKeyResult] = Field(default_factory=dict)
    """Key results that left it for other plans."""
    metrics: dict[UUID, MetricLook] = Field(default_factory=dict)
    """The metrics that its goals name or once named, and what it was told of each (R3.10)."""

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

    @property
    def in_force(self) -> Mapping[UUID, Goal]:
        """The goals that are tracked: while the plan is being amended those that were signed (R5.7)."""
        return self.goals if self.amendment is None else self.amendment.goals

    def tracked(self, goal: UUID) -> Goal:
        """A goal that is in force. Raises `goal.unknown`."""
        found = self.in_force.get(goal)
        if found is None:
            raise GOAL_UNKNOWN(goal=str(goal))
        return found

    def with_report(self, goal: UUID, report: Mapping[str, Any], **told: Any) -> PlanState:
        """The plan with what was reported of a goal, in force and in its amendment alike; `told`: fields of its own."""
        amendment = self.amendment
        if amendment is None:
            known = self.goal(goal)
            goals = {**self.goals, known.id: known.model_copy(update=report)}
            return self.model_copy(update={"goals": goals, **told})
        signed = amendment.goals[goal]
        goals = {**amendment.goals, goal: signed.model_copy(update=report)}
        plan = self.model_copy(update={"amendment": amendment.model_copy(update={"goals": goals}), **told})
        amended = self.goals.get(goal)
        if amended is None:
            return plan
        # Final values are those of what was signed: what asks for others owes its own (R2.4).
        kept = {} if amended.hash == signed.hash else {"final": amended.final}
        return plan.with_goal(amended.model_copy(update={**report, **kept}))

    def received(self, result: str) -> bool:
        """Whether exactly this result was acknowledged or served (R7.4)."""
        return self.receipt is not None and self.receipt.result == result

    def goal(self, goal: UUID) -> Goal:
        """A goal of the plan. Raises `goal.unknown`."""
        found = self.goals.get(goal)
        if found is None:
            raise GOAL_UNKNOWN(goal=str(goal))
        return found

    def with_goal(self, goal: Goal) -> PlanState:
        """The plan with one goal replaced."""
        known, update = self.goals.get(goal.id), {"goals": {**self.goals, goal.id: goal}}
        if known is None or known.definition is not goal.definition:
            update |= self._naming(goal.definition)
        return self.model_copy(update=update)

    def _naming(self, definition: Okr | Kpi) -> dict[str, Any]:
        """What changes where a goal names metrics that none of the plan's goals named before."""
        new = {one.metric: NO_LOOK for one in metrics_of(definition) if one.metric not in self.metrics}
        return {"metrics": {**self.metrics, **new}} if new else {}

    def without_goal(self, goal: UUID, to: UUID | None = None) -> PlanState:
        """The plan after a goal, and its alignments, left it."""
        edges = tuple(edge for edge in self.edges.values() if edge.goal == goal)
        gone = Departed(goal=self.goal(goal), to=to, at_version=self.version + 1, edges=edges)
        return self.model_copy(
            update={
                "goals": {id: kept for id, kept in self.goals.items() if id != goal},
                "edges": {id: edge for id, edge in self.edges.items() if edge.goal != goal},
                "departed": {**self.departed, goal: gone},
            }
        )

    def with_edge(self, edge: Edge) -> PlanState:
        """The plan with one alignment replaced."""
        return self.model_copy(update={"edges": {**self.edges, edge.id: edge}})

    def content_hash(self, scoring_hash: str) -> str:
        """What a signature binds (R5.1)."""
        return plan_hash((goal.hash for goal in self.goals.values()), scoring_hash)


class PlanCommand(Command):
    """A command to a plan."""

    def looks_at(self, stream: UUID, state: PlanState, states: Mapping[Ref, Any]) -> Iterable[Ref]:
        """The other streams that the rule looks at, as far as `states` tells already which they are."""
        del stream, state, states
        return ()


class OpeningCommand(PlanCommand):
    """A command that may be a plan's first: a plan's id is made of both and cannot be inverted."""

    opens = True

    cycle: UUID
    owner: UUID
    goal: UUID

    def subject_scope(self) -> UUID | None:
        return self.goal


def plan_needs(command: Command | None, stream: UUID, state: Any, states: Mapping[Ref, Any]) -> Sequence[Ref]:
    """A plan's rules stand on its cycle, the directory and the metrics that its goals name; an alignment looks up at
    other plans. So does the agenda: a look is owed where a parent or a metric has changed.
    """
    cycle = state.cycle or (command.cycle if isinstance(command, OpeningCommand) else None)
    refs = [DIRECTORY] if cycle is None else [DIRECTORY, Ref("cycle", cycle)]
    if state.metrics:
        refs += [Ref("metric", metric) for metric in state.metrics]
    if command is None:
        return [*refs, *(Ref("plan", above) for above in _plans_above(state))] if state.edges else refs
    if isinstance(command, PlanCommand):
        refs += command.looks_at(stream, state, states)
        definition = command.__dict__.get("definition")
        if definition is not None:
            refs += [Ref("metric", metric) for metric in {one.metric for one in metrics_of(definition)}]
    return refs


def rests_on(state: PlanState) -> frozenset[UUID]:
    """What lies beside the plan and may change its agenda: the plans of its goals' parents, and their metrics."""
    if not state.edges and not state.metrics:
        return NO_STREAMS
    return _plans_above(state).union(state.metrics)


def _plans_above(state: PlanState) -> frozenset[UUID]:
    return frozenset(edge.parent.plan for edge in state.edges.values() if edge.state == "accepted") - {state.id}


def _owner_of(state: PlanState, command: Command | None) -> UUID | None:
    return state.owner or (command.owner if isinstance(command, OpeningCommand) else None)


plan = Decider(
    kind="plan",
    initial=PlanState(),
    needs=plan_needs,
    owner_of=_owner_of,
    parent_of=lambda state: state.cycle,
    rests_on=rests_on,
)
