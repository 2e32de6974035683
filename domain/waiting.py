"""Who must do what: the one list that the inbox shows (what its users ask for most, R10).

Pure and without a clock: due instants are told, whether they have passed is the reader's question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.cycle.recomputing import provisional_ahead, recompute_owed
from domain.cycle.state import CycleState
from domain.cycle.windows import ALIGNABLE, NEGOTIABLE, Phase
from domain.directory.state import DirectoryState
from domain.measuring import MetricVersion
from domain.plan.above import asked_on, decides_for, level_above
from domain.plan.alignment_answers import answering
from domain.plan.approvers import open_now, seats
from domain.plan.baseline import ESTABLISHING, unfounded
from domain.plan.diff import Changed
from domain.plan.goal import Goal
from domain.plan.ground import Ground
from domain.plan.joining import catching_up
from domain.plan.metric_change import unsettled
from domain.plan.state import PlanState
from domain.plan.talks import Decision, Side
from domain.values import Frozen, Instant


class What(StrEnum):
    """What is asked of somebody."""

    DRAFT_GOALS = "draft_goals"
    PROPOSE = "propose"
    ANSWER = "answer"
    MEDIATE = "mediate"
    """The sides could not end it: somebody above both decides (R4.3)."""
    ACKNOWLEDGE = "acknowledge"
    DECIDE_OBJECTION = "decide_objection"
    """The owner objects to a KPI: somebody above the assigner decides (R4.2)."""
    NAME_DECIDER = "name_decider"
    """Nobody is left above to mediate or to decide on an objection: the directory needs somebody there."""
    RESOLVE_COMMENT = "resolve_comment"
    """Their comment blocks a goal until they resolve it (R4.4)."""
    SUBMIT = "submit"
    SIGN = "sign"
    SIGN_AGAIN = "sign_again"
    """Their signature was voided by a change: only that change needs a look."""
    CHECK_IN = "check_in"
    """Nothing was reported in the present period (R6.1)."""
    FINAL_VALUES = "final_values"
    """No further digest comes before track ends: the quarter's last values are asked for (R2.4)."""
    ANSWER_ALIGNMENT = "answer_alignment"
    """A goal of another plan asks to be a child of theirs (R3.7)."""
    SET_BASELINE = "set_baseline"
    """The KPI has no baseline: to find it is the first duty (R3.2)."""
    ANSWER_SHARE = "answer_share"
    """They are asked to carry a share of somebody's goal (R3.9)."""
    ESCALATED = "escalated"
    """A committed goal below them cannot be promised (R3.6)."""
    LOOK_AT_PARENT = "look_at_parent"
    """A parent of their goal has changed, or is gone (R3.7)."""
    LOOK_AT_METRIC = "look_at_metric"
    """A metric that their goal names is defined otherwise now, or no longer counted (R3.10)."""
    ACKNOWLEDGE_RESULT = "acknowledge_result"
    PUBLISH_RESULTS = "publish_results"
    GATE_FAILED = "gate_failed"
    PROVISIONAL_DEADLINES = "provisional_deadlines"
    """Deadlines rest on a year without an official notice: they are recomputed once it is out (R2.2)."""
    RECOMPUTE_DEADLINES = "recompute_deadlines"
    """The calendar has changed since the deadlines were reckoned: whether they move is for a person to say (R2.2)."""


CAME_BY: Mapping[str, str] = {"escalation": "escalated", "delegate": "delegated"}
"""Why somebody is asked to sign whom no step names: by the way on which it came to them."""


class Group(StrEnum):
    """How urgent it is to others."""

    BLOCKS_GATE = "blocks_gate"
    NEEDS_ME = "needs_me"
    STALE = "stale"


class Wait(Frozen):
    """One thing that one person must do."""

    person: UUID
    what: What
    group: Group
    cycle: UUID
    plan: UUID | None = None
    owner: UUID | None = None
    """Whose plan it is."""
    goal: UUID | None = None
    edge: UUID | None = None
    """The alignment that it is about; `goal` is then the child."""
    metric: MetricVersion | None = None
    """The metric that it is about, at the version of its definition that counts now."""
    hash: str | None = None
    """What a decision must name."""
    seen_hash: str | None = None
    """What this person last signed of it, or saw of the parent: the difference begins there."""
    reason: str | None = None
    """Why something is stale, or came to this person: a code of `domain.words.REASONS`."""
    changes: tuple[Changed, ...] = ()
    """What of a goal was changed after they signed (R5.1)."""
    by_side: Side | None = None
    """... and by which side."""
    due: Instant | None = None
    since: int = 0
    """The plan's version since which an answer or a signature waits; 0 for everything else."""

    @property
    def blocks_gate(self) -> bool:
        """Whether the present phase cannot close before it is done."""
        return self.group in (Group.BLOCKS_GATE, Group.STALE)

    @property
    def key(self) -> str:
        """Tells the items of one person and plan apart."""
        about = f"{self.what}:{self.edge or self.goal or ''}"
        return about if self.metric is None else f"{about}:{self.metric.metric}"


def plan_waits(state: PlanState, found: Ground, owner: UUID, plan: UUID) -> Iterator[Wait]:
    """What a plan asks of people in the cycle's present phase. Nothing where its owner takes no part."""
    cycle = found.cycle
    if cycle.closed or cycle.id is None or not found.takes_part:
        return
    base = Wait(
        person=found.owner,
        what=What.DRAFT_GOALS,
        group=Group.BLOCKS_GATE,
        cycle=cycle.id,
        plan=plan,
        owner=owner,
        due=cycle.deadlines.get(cycle.phase),
    )
    stage = found.stage(state)
    if stage in NEGOTIABLE:
        if not state.goals:
            yield base
        for goal in state.goals.values():
            yield from _goal_waits(goal, found, base)
    if cycle.phase in ESTABLISHING:
        yield from _baseline_waits(state, found, base)
    if cycle.phase in ALIGNABLE:
        yield from _alignment_waits(state, found, base)
        for goal, seen in unsettled(state) if state.metrics else ():
            yield _altered(base, what=What.LOOK_AT_METRIC, group=Group.NEEDS_ME, goal=goal.id, metric=seen, due=None)
        yield from _sharing_waits(state, found, base)
    if stage is Phase.COMMIT and state.goals:
        yield from _signing_waits(state, found, base)
    if cycle.phase is Phase.TRACK and not catching_up(cycle, owner, state):
        yield from _tracking_waits(state, cycle, base)
    if cycle.phase is Phase.RETROSPECT:
        result = cycle.results.get(plan)
        if result is not None and not state.received(result.hash):
            yield _altered(base, what=What.ACKNOWLEDGE_RESULT, hash=result.hash, due=cycle.results_served_at)


def cycle_waits(state: CycleState, directory: DirectoryState) -> Iterator[Wait]:
    """What a cycle asks of its facilitator."""
    if state.closed or state.id is None or state.facilitator is None:
        return
    base = Wait(
        person=state.facilitator,
        what=What.PUBLISH_RESULTS,
        group=Group.BLOCKS_GATE,
        cycle=state.id,
        due=state.deadlines.get(state.phase),
    )
    if state.phase is Phase.RETROSPECT and not state.published:
        yield base
    if state.gate_failure is not None:
        yield _altered(base, what=What.GATE_FAILED, group=Group.NEEDS_ME)
    if (about := about_deadlines(state, directory)) is not None:
        yield _altered(base, what=about, group=Group.NEEDS_ME)


def about_deadlines(state: CycleState, directory: DirectoryState) -> What | None:
    """What is to be known of a cycle's deadlines (R2.2)."""
    if state.closed:
        return None
    if recompute_owed(state, directory):
        return What.RECOMPUTE_DEADLINES
    return What.PROVISIONAL_DEADLINES if provisional_ahead(state) else None


def _goal_waits(goal: Goal, found: Ground, base: Wait) -> Iterator[Wait]:
    group = Group.NEEDS_ME if found.cycle.phase is Phase.DRAFT else Group.BLOCKS_GATE
    item = _altered(base, goal=goal.id, hash=goal.hash, group=group)
    for author in sorted({comment.by for comment in goal.comments.values() if comment.blocks}):
        yield _altered(item, what=What.RESOLVE_COMMENT, group=Group.NEEDS_ME, person=author)
    if goal.agreed:
        return
    if goal.decision is not None:
        yield from _decision_waits(goal, goal.decision, found, item)
    elif goal.definition.kind == "kpi":
        yield _altered(item, what=What.ACKNOWLEDGE, due=goal.served_at, since=goal.turn_since)
    elif goal.turn is None:
        yield _altered(item, what=What.PROPOSE)
    else:
        for person in asked_on(goal, found):
            yield _altered(item, what=What.ANSWER, person=person, due=goal.turn_due, since=goal.turn_since)


def _alignment_waits(state: PlanState, found: Ground, base: Wait) -> Iterator[Wait]:
    for edge in state.edges.values():
        item = _altered(base, group=Group.NEEDS_ME, goal=edge.goal, edge=edge.id, since=edge.since, due=None)
        if edge.state == "requested":
            asked = {"what": What.ANSWER_ALIGNMENT, "person": answering(edge, found), "due": edge.due}
            yield _altered(item, hash=state.goal(edge.goal).hash, **asked)
        elif edge.waits_for_look:
            seen = {"hash": edge.changed_hash, "seen_hash": edge.seen_hash, "group": Group.STALE}
            yield _altered(item, what=What.LOOK_AT_PARENT, **seen)


def _sharing_waits(state: PlanState, found: Ground, base: Wait) -> Iterator[Wait]:
    for goal in state.goals.values():
        item = _altered(base, group=Group.NEEDS_ME, goal=goal.id, hash=goal.hash, due=None)
        for person, one in goal.contributors.items():
            if not one.accepted:
                yield _altered(item, what=What.ANSWER_SHARE, person=person, since=one.since)
        if goal.escalation is not None:
            above = goal.escalation.to or found.cycle.facilitator or found.owner
            yield _altered(item, what=What.ESCALATED, person=above, since=goal.escalation.since)


def _decision_waits(goal: Goal, decision: Decision, found: Ground, item: Wait) -> Iterator[Wait]:
    """Who ends a talk from above, and why it came to them; the facilitator, where nobody is there or left above."""
    what = What.DECIDE_OBJECTION if goal.objected else What.MEDIATE
    item, asked = _altered(item, due=decision.due, since=decision.since), asked_on(goal, found)
    for person in asked:
        reason: str | None = goal.mediation.cause if goal.mediation is not None else None
        if person in decision.escalated_to:
            reason = "escalated"
        elif decides_for(goal, found, person) is not None:
            reason = "delegated"
        yield _altered(item, what=what, person=person, reason=reason)
    if not asked or (decision.in_vain and level_above(goal, found) is None):
        yield _altered(item, what=What.NAME_DECIDER, person=found.cycle.facilitator or found.owner)


def _tracking_waits(state: PlanState, cycle: CycleState, base: Wait) -> Iterator[Wait]:
    deadline, digest, since = cycle.deadlines.get(Phase.TRACK), cycle.digest_due, cycle.digest_since
    last_period = digest is None or (deadline is not None and digest >= deadline)
    for goal in state.in_force.values():
        if goal.final:
            continue
        if last_period:
            yield _altered(base, what=What.FINAL_VALUES, goal=goal.id)
        elif goal.silent_since(since):
            yield _altered(base, what=What.CHECK_IN, group=Group.NEEDS_ME, goal=goal.id, due=digest)


def _baseline_waits(state: PlanState, found: Ground, base: Wait) -> Iterator[Wait]:
    for goal, person in unfounded(state, found):
        yield _altered(base, what=What.SET_BASELINE, group=Group.NEEDS_ME, goal=goal.id, hash=goal.hash, person=person)


def _signing_waits(state: PlanState, found: Ground, base: Wait) -> Iterator[Wait]:
    now = state.content_hash(found.cycle.policy.scoring.hash)
    if state.signing is None:
        if all(goal.agreed for goal in state.goals.values()):
            yield _altered(base, what=What.SUBMIT, hash=now)
        return
    signing = state.signing
    asked = {
        person: (signing.waits[step], seat)
        for step in open_now(found, signing)
        for person, seat in seats(found, signing, step).items()
    }
    for person, (wait, seat) in sorted(asked.items()):
        voided = next((item for item in reversed(state.voided) if item.signature.signer == person), None)
        due = _earliest(base.due, wait.escalate_at)
        item = _altered(base, person=person, hash=now, due=due, since=wait.since)
        if voided is None:
            yield _altered(item, what=What.SIGN, reason=CAME_BY.get(seat.via))
        else:
            item = _altered(item, what=What.SIGN_AGAIN, group=Group.STALE, seen_hash=voided.signature.hash)
            yield _altered(item, reason=voided.reason, changes=voided.changed, by_side=voided.side)


def _earliest(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)


def _altered(wait: Wait, **fields: object) -> Wait:
    return wait.model_copy(update=fields)
